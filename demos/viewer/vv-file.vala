// SPDX-License-Identifier: LGPL-2.1-or-later

// A connection file, as virtual machine managers hand it out and as remote-viewer reads it.
public class Viewer.VvFile : Object {
    private const string GROUP = "virt-viewer";
    // One that is longer is none.
    private const size_t MAX_SIZE = 65536;

    public string uri { get; private set; }
    public string? title { get; private set; }
    public string? password { get; private set; }
    private bool is_to_be_deleted;

    public static async VvFile load (File file) throws Error {
        var stream = yield file.read_async ();
        var bytes = yield stream.read_bytes_async (MAX_SIZE);
        var self = new VvFile (file.get_parse_name (), bytes);

        if (self.is_to_be_deleted) {
            try {
                yield file.delete_async ();
            } catch (Error error) {
                warning ("Could not delete '%s' as it asks for: %s", file.get_parse_name (), error.message);
            }
        }
        return self;
    }

    public VvFile (string name, Bytes contents) throws Error {
        var key_file = new KeyFile ();

        try {
            key_file.load_from_bytes (contents, KeyFileFlags.NONE);
        } catch (Error error) {
            throw new IOError.INVALID_DATA (_("'%s' is no connection file: %s"), name, error.message);
        }
        if (!key_file.has_group (GROUP))
            throw new IOError.INVALID_DATA (_("'%s' is no connection file: it has no group '%s'"), name, GROUP);

        var type = get_text (key_file, "type");

        if (type != "spice")
            throw new IOError.NOT_SUPPORTED (_("'%s' is for a connection of the type '%s'; only '%s' is known"), name,
                                             type ?? "", "spice");

        uri = build_uri (name, key_file);
        title = get_text (key_file, "title");
        password = get_text (key_file, "password");
        is_to_be_deleted = get_text (key_file, "delete-this-file") == "1";
    }

    private static string? get_text (KeyFile key_file, string key) {
        try {
            return key_file.get_string (GROUP, key);
        } catch (Error error) {
            return null;
        }
    }

    private static string build_uri (string name, KeyFile key_file) throws Error {
        var path = get_text (key_file, "unix-path");

        if (path != null)
            return "spice+unix://" + Uri.escape_string (path, "/", false);

        var host = get_text (key_file, "host");
        var tls_port = get_text (key_file, "tls-port");
        var port = get_text (key_file, "port");

        if (host == null)
            throw new IOError.INVALID_DATA (_("'%s' is no connection file: '%s' is missing"), name, "host");
        if (port == null && tls_port != null)
            throw new IOError.NOT_SUPPORTED (_("'%s' has only a port for TLS, which is not supported"), name);
        if (port == null)
            throw new IOError.INVALID_DATA (_("'%s' is no connection file: '%s' is missing"), name, "port");

        uint number;

        if (!uint.try_parse (port, out number, null, 10) || number == 0 || number > uint16.MAX)
            throw new IOError.INVALID_DATA (_("'%s' expects a port from 1 to 65535, not '%s'"), name, port);
        return "spice://%s:%u".printf (":" in host && !host.has_prefix ("[") ? @"[$host]" : host, number);
    }
}
