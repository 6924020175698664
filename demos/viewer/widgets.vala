// SPDX-License-Identifier: LGPL-2.1-or-later

// A widget that shows no words says them to those who point at it, and to those who cannot see it.
namespace Viewer.Widgets {
    public void name (Gtk.Widget widget, string text) {
        widget.tooltip_text = text;
        widget.update_property (Gtk.AccessibleProperty.LABEL, text, -1);
    }

    public Gtk.Button build_icon_button (string icon_name, string text, string? action_name = null) {
        var button = new Gtk.Button.from_icon_name (icon_name) { action_name = action_name };

        name (button, text);
        return button;
    }
}
