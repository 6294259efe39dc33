import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Boosting waits for its threads longer than it works, where processes share the cores."""
    with threadpool_limits(1):
        yield
