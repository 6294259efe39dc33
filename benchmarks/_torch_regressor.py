"""A common PyTorch model as a regressor for windows (extra `peers`)."""

import torch
from sklearn.base import BaseEstimator, RegressorMixin

from benchmarks._peers import TorchModel, torch_epoch

EPOCHS = 100  # as in most tutorials


class TorchRegressor(RegressorMixin, BaseEstimator):
    """A common PyTorch model: standardised windows, `nn.LSTM`, Adam, squared error, a fixed number of epochs."""

    def __init__(self, max_iter=EPOCHS, random_state=0):
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y):
        torch.set_num_threads(1)
        torch.manual_seed(self.random_state)
        self.mean_, self.scale_ = X.mean(), X.std()
        self.model_ = TorchModel(hidden_size=32)
        optimizer = torch.optim.Adam(self.model_.parameters(), lr=0.01)
        x, y = self._tensor(X)[..., None], self._tensor(y)
        for _ in range(self.max_iter):
            torch_epoch(self.model_, optimizer, x, y, batch_size=64)
        return self

    def predict(self, X):
        with torch.no_grad():
            predictions = self.model_(self._tensor(X)[..., None])
        return predictions.numpy().astype(float) * self.scale_ + self.mean_

    def _tensor(self, values):
        return torch.tensor((values - self.mean_) / self.scale_, dtype=torch.float32)
