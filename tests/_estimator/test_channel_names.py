import pytest

from sklstm._estimator.channel_names import ChannelNames, channel_names, use_channel_names


def test_names_are_in_use_within_the_block_and_for_their_number_of_channels():
    names = ChannelNames(["the target 'b'", "the column 'c' of X"], 1)
    with use_channel_names(names):
        assert channel_names(2) is names
        with use_channel_names(None):
            assert channel_names(2).names == ["channel 0 of X", "channel 1 of X"]
        assert channel_names(2) is names
        assert channel_names(3).n_targets == 0
    assert channel_names(2).n_targets == 0


def test_names_are_given_back_after_an_error():
    with pytest.raises(ArithmeticError), use_channel_names(ChannelNames(["a"], 1)):
        raise ArithmeticError
    assert channel_names(1).n_targets == 0


def test_only_what_can_be_left_out_is_said_to_be():
    for names, channel, leaves_out in (
        (ChannelNames(["y"], 1), 0, False),  # the only target
        (ChannelNames(["y", "x"], 1), 1, True),
        (ChannelNames(["y", "z"], 2), 0, True),
        (ChannelNames(["channel 0 of X"], 0), 0, True),
    ):
        advice = names.advice(channel, "missing='indicator'")
        assert ("leave it out" in advice) == leaves_out
        assert "missing='indicator'" in advice
        assert ("LSTMRegressor" in advice) == (names.n_targets > 0)
