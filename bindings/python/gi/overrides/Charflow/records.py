# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records that are made with keywords, as objects are."""
from gi.repository import Charflow

new_settings = Charflow.SerialSettings.new


def make_settings(cls, baud=115200, data_bits=8, parity=Charflow.SerialParity.NONE, stop=Charflow.SerialStop.ONE,
                  flow=Charflow.SerialFlow.NONE):
    return new_settings(baud, data_bits, parity, stop, flow)


Charflow.SerialSettings.__new__ = staticmethod(make_settings)
