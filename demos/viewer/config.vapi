// SPDX-License-Identifier: LGPL-2.1-or-later
[CCode (cheader_filename = "config.h", lower_case_cprefix = "", cprefix = "")]
namespace Config {
    public const string GETTEXT_PACKAGE;
    public const string LOCALEDIR;
    [CCode (cname = "PACKAGE_VERSION")]
    public const string VERSION;
}
