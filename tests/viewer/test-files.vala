// SPDX-License-Identifier: LGPL-2.1-or-later

// What the viewer reads of files, which anybody may have written.

void check_uri (string contents, string uri) {
    try {
        assert (new Viewer.VvFile ("machine.vv", new Bytes (contents.data)).uri == uri);
    } catch (Error problem) {
        error ("'%s' was refused: %s", contents, problem.message);
    }
}

void check_refusal (string contents, string words) {
    try {
        new Viewer.VvFile ("machine.vv", new Bytes (contents.data));
        error ("'%s' was taken", contents);
    } catch (Error problem) {
        if (!("'machine.vv'" in problem.message) || !(words in problem.message))
            GLib.error ("'%s' was refused with: %s", contents, problem.message);
    }
}

void test_connection_files () {
    check_uri ("[virt-viewer]\ntype=spice\nhost=lab\nport=5930\n", "spice://lab:5930");
    check_uri ("[virt-viewer]\ntype=spice\nhost=::1\nport=1\ntls-port=2\n", "spice://[::1]:1");
    check_uri ("[virt-viewer]\ntype=spice\nunix-path=/run/a b\n", "spice+unix:///run/a%20b");
    check_uri ("[virt-viewer]\ntype=spice\nhost=lab\nport=5930\nunknown=1\n[other]\nkey=1\n", "spice://lab:5930");
}

void test_bad_connection_files () {
    check_refusal ("", "virt-viewer");
    check_refusal ("not a key file", "connection file");
    check_refusal ("[other]\ntype=spice\n", "virt-viewer");
    check_refusal ("[virt-viewer]\ntype=vnc\nhost=lab\nport=1\n", "'vnc'");
    check_refusal ("[virt-viewer]\nhost=lab\nport=1\n", "'spice'");
    check_refusal ("[virt-viewer]\ntype=spice\nport=1\n", "'host'");
    check_refusal ("[virt-viewer]\ntype=spice\nhost=lab\n", "'port'");
    check_refusal ("[virt-viewer]\ntype=spice\nhost=lab\ntls-port=1\n", "TLS");
    foreach (unowned var port in new string[] { "0", "65536", "-1", "5930x", "99999999999999999999" })
        check_refusal ("[virt-viewer]\ntype=spice\nhost=lab\nport=%s\n".printf (port), "'%s'".printf (port));
    check_refusal ("[virt-viewer]\ntype=spice\nhost=lab\nport=1\xff\xfe\n", "port");
}

string[] read_uris (File file) {
    var history = new Viewer.History (file);
    var loop = new MainLoop ();

    history.load.begin (() => loop.quit ());
    loop.run ();
    return history.get_uris ();
}

void put_text (File file, string contents) {
    try {
        FileUtils.set_contents (file.get_path (), contents);
    } catch (Error problem) {
        GLib.error ("%s", problem.message);
    }
}

void test_history () {
    var folder = DirUtils.mkdtemp (Path.build_filename (Environment.get_tmp_dir (), "charflow-viewer-XXXXXX"));
    var file = File.new_build_filename (folder, "history.ini");

    assert (read_uris (file).length == 0);
    put_text (file, "damaged");
    assert (read_uris (file).length == 0);
    put_text (file, "[history]\nother=1\n");
    assert (read_uris (file).length == 0);
    put_text (file, "[history]\nuris=spice://a:1;;spice://b:2;\n");
    assert (string.joinv (" ", read_uris (file)) == "spice://a:1 spice://b:2");

    var many = new StringBuilder ("[history]\nuris=");

    for (var i = 0; i < 1000; i++)
        many.append_printf ("spice://host:%d;", i);
    put_text (file, many.str);
    assert (read_uris (file).length == 20);

    FileUtils.remove (file.get_path ());
    DirUtils.remove (folder);
}

int main (string[] args) {
    Test.init (ref args);
    Test.add_func ("/viewer/connection-file/good", test_connection_files);
    Test.add_func ("/viewer/connection-file/bad", test_bad_connection_files);
    Test.add_func ("/viewer/history", test_history);
    return Test.run ();
}
