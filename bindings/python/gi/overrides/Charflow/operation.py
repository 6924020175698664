# SPDX-License-Identifier: LGPL-2.1-or-later
"""An asynchronous call of the library."""
from gi.repository import Gio, GLib

from . import errors
from .pending import Pending


class Operation(Pending):
    """What an _async method without a callback returns.

    Cancelling the task that awaits it cancels its Gio.Cancellable.
    """

    def __init__(self, instance, start, finish, arguments, cancellable=None, give_back=None):
        super().__init__(give_back)
        self._cancellable = cancellable or Gio.Cancellable()
        self._finish = finish
        start(instance, *arguments, self._cancellable, self._take_result)

    def _take_result(self, source, result):
        try:
            self._end(self._finish(source, result))
        except GLib.Error as error:
            self._end(error=errors.from_gio(error))
        except Exception as error:  # of a back end in Python: it is for whoever waits
            self._end(error=error)

    def cancel(self):
        self._cancellable.cancel()
