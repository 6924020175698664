// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves an echo, until it is interrupted.
import Charflow from 'gi://Charflow?version=1';
import GLib from 'gi://GLib';

const backend = Charflow.Backend.new_from_spec('loopback,id=echo');
const device = new Charflow.CharDevice({backend});
const server = new Charflow.Server({password: 'open sesame'});

device.connect('backend-error', (_device, error) => printerr(error.message));
device.start();
server.add_channel(new Charflow.ServerPortChannel({port_name: 'org.example.echo.0', device}));

try {
    server.listen('nowhere');
} catch (error) {
    if (!error.matches(Charflow.UriError, Charflow.UriError.BAD_SCHEME))
        throw error;
    print(error.message);
}
print('listening on', server.listen('spice://127.0.0.1:5931'));

new GLib.MainLoop(null, false).run();
