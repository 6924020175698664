// SPDX-License-Identifier: LGPL-2.1-or-later

// Where one has been, the last place first, in a file of the user's.
public class Viewer.History : Object {
    private const int MAX_URIS = 20;
    private const string GROUP = "history";
    private const string KEY = "uris";

    private File file;
    private string[] uris = {};

    public signal void changed ();

    public History (File? file = null) {
        this.file = file ?? File.new_build_filename (Environment.get_user_state_dir (), "charflow-viewer", "history.ini");
    }

    public unowned string[] get_uris () {
        return uris;
    }

    // A file that is not there, or is damaged, is an empty history.
    public async void load () {
        try {
            uint8[] contents;

            yield file.load_contents_async (null, out contents, null);

            var key_file = new KeyFile ();

            key_file.load_from_data ((string) contents, contents.length, KeyFileFlags.NONE);
            uris = {};
            foreach (unowned var uri in key_file.get_string_list (GROUP, KEY)) {
                if (uris.length < MAX_URIS && uri != "")
                    uris += uri;
            }
            changed ();
        } catch (Error error) {
            if (!(error is IOError.NOT_FOUND))
                message ("Could not read the history: %s", error.message);
        }
    }

    public void add (string uri) {
        string[] all = { uri };

        foreach (unowned var known in uris) {
            if (known != uri && all.length < MAX_URIS)
                all += known;
        }
        uris = all;
        changed ();
        save.begin ();
    }

    private async void save () {
        var key_file = new KeyFile ();

        key_file.set_string_list (GROUP, KEY, uris);
        try {
            try {
                file.get_parent ().make_directory_with_parents ();
            } catch (IOError.EXISTS error) {
                // So much the better.
            }
            yield file.replace_contents_async (key_file.to_data ().data, null, false, FileCreateFlags.PRIVATE, null, null);
        } catch (Error error) {
            warning ("Could not write the history: %s", error.message);
        }
    }
}
