// SPDX-License-Identifier: LGPL-2.1-or-later

int main (string[] args) {
    Intl.setlocale ();
    Intl.bindtextdomain (Config.GETTEXT_PACKAGE, Config.LOCALEDIR);
    Intl.bind_textdomain_codeset (Config.GETTEXT_PACKAGE, "UTF-8");
    Intl.textdomain (Config.GETTEXT_PACKAGE);

    var status = new Viewer.Application ().run (args);

    // What GApplication itself finds wrong, an option that is not there, has the status of other wrong arguments.
    return status == 1 ? 2 : status;
}
