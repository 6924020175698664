// SPDX-License-Identifier: LGPL-2.1-or-later

// The last minute of one figure, or of two, with its highest mark.
public class Viewer.Plot : Gtk.DrawingArea {
    public const int N_SAMPLES = 60;
    private const int WIDTH = 150;
    private const int HEIGHT = 48;

    private double[] first = new double[N_SAMPLES];
    private double[] second = new double[N_SAMPLES];
    private bool has_second;

    // So that small figures do not fill it.
    public double floor { get; construct; }

    public Plot (double floor, bool has_second) {
        Object (floor: floor, accessible_role: Gtk.AccessibleRole.IMG);
        this.has_second = has_second;
    }

    construct {
        content_width = WIDTH;
        content_height = HEIGHT;
        set_draw_func (draw);
    }

    private static void shift (double[] samples, double value) {
        for (var i = 1; i < samples.length; i++)
            samples[i - 1] = samples[i];
        samples[samples.length - 1] = value;
    }

    public void add (double value, double other = 0) {
        shift (first, value);
        shift (second, other);
        queue_draw ();
    }

    // Whether another sample like the last ones would look the same.
    public bool is_flat {
        get {
            for (var i = 1; i < N_SAMPLES; i++) {
                if (first[i] != first[0] || second[i] != second[0])
                    return false;
            }
            return true;
        }
    }

    private double get_top () {
        var top = floor;

        for (var i = 0; i < N_SAMPLES; i++)
            top = double.max (top, double.max (first[i], second[i]));
        return top;
    }

    private void draw_line (Cairo.Context cr, double[] samples, double top, double width, double height) {
        for (var i = 0; i < N_SAMPLES; i++)
            cr.line_to (i * width / (N_SAMPLES - 1), height - 1 - samples[i] / top * (height - 3));
        cr.stroke ();
    }

    private void draw (Gtk.DrawingArea area, Cairo.Context cr, int width, int height) {
        var color = get_style_context ().get_color ();
        Gdk.RGBA accent;

        if (!get_style_context ().lookup_color ("accent_color", out accent))
            accent = color;
        cr.set_source_rgba (color.red, color.green, color.blue, 0.08);
        cr.rectangle (0, 0, width, height);
        cr.fill ();

        cr.set_line_width (1.5);
        cr.set_line_join (Cairo.LineJoin.ROUND);
        if (has_second) {
            cr.set_source_rgba (color.red, color.green, color.blue, 0.5);
            draw_line (cr, second, get_top (), width, height);
        }
        cr.set_source_rgba (accent.red, accent.green, accent.blue, 1);
        draw_line (cr, first, get_top (), width, height);
    }
}
