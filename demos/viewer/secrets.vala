// SPDX-License-Identifier: LGPL-2.1-or-later

// Passwords of servers, in the user's keyring, for those who want them there.
namespace Viewer.Secrets {
    private Secret.Schema get_schema () {
        return new Secret.Schema ("org.charflow.Viewer.Password", Secret.SchemaFlags.NONE,
                                  "uri", Secret.SchemaAttributeType.STRING);
    }

    // Without a keyring there is none.
    public async string? lookup (string uri) {
        try {
            return yield Secret.password_lookup (get_schema (), null, "uri", uri);
        } catch (Error error) {
            debug ("No password of the keyring: %s", error.message);
            return null;
        }
    }

    public async void store (string uri, string password) throws Error {
        yield Secret.password_store (get_schema (), Secret.COLLECTION_DEFAULT, _("Charflow: %s").printf (uri), password, null,
                                     "uri", uri);
    }
}
