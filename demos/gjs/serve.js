#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a device as a port: CHARFLOW_PASSWORD=… gjs -m serve.js [BACKEND,id=ID,…] [URI]
import Charflow from 'gi://Charflow?version=1';
import GLib from 'gi://GLib';
import System from 'system';

const password = GLib.getenv('CHARFLOW_PASSWORD');
if (ARGV.length > 2 || password === null) {
    printerr('Usage: CHARFLOW_PASSWORD=… gjs -m serve.js [BACKEND,id=ID,…] [URI]');
    System.exit(2);
}

const [spec = 'pty,id=console', uri = 'spice://127.0.0.1:0'] = ARGV;
const server = new Charflow.Server({password});

try {
    const backend = Charflow.Backend.new_from_spec(spec);
    const device = new Charflow.CharDevice({backend});

    device.connect('backend-error', (_device, error) => printerr(error.message));
    backend.connect('notify::active', () => {
        if (backend.active)
            print(`device at ${backend.uri ?? backend.label}`);
    });
    device.start();

    server.connect('peer-error', (_server, peer, error) => printerr(`${peer}: ${error.message}`));
    server.add_channel(new Charflow.ServerPortChannel({port_name: 'org.charflow.gjs.0', device}));
    print(`listening on ${server.listen(uri)}`);
} catch (error) {
    printerr(error.message);
    System.exit(1);
}

new GLib.MainLoop(null, false).run();
