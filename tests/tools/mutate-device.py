#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks the rules of the device one at a time, in a copy, and shows whether the model test sees it.

mutate-device.py [NAME...]: CHARFLOW_MODEL_SEED and CHARFLOW_MODEL_STEPS are handed on to the test.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVICE = "charflow-glib/device/charflow-"
TIMEOUT_S = 300

# Name: file, what stands there, what takes its place.
MUTATIONS = {
    "a token comes back twice": (
        "client-flow.c",
        "priv->owed_tokens += buffer->price;",
        "priv->owed_tokens += 2 * buffer->price;",
    ),
    "tokens come back one after the interval": (
        "client-flow.c",
        "n_tokens == 0 || n_tokens < interval",
        "n_tokens == 0 || n_tokens <= interval",
    ),
    "a delivery costs no token": ("client-flow.c", "    priv->send_tokens--;", "    priv->send_tokens -= 0;"),
    "a write costs no token": ("client-flow.c", "    priv->client_tokens--;", "    priv->client_tokens -= 0;"),
    "a client without a token is served": (
        "client-flow.c",
        "if (priv->flow_control && priv->client_tokens == 0)",
        "if (priv->flow_control && priv->client_tokens == 0 && priv->waiting_messages == 0)",
    ),
    "the offset of a partial write is lost": ("write-queue.c", "      queue->offset += n;\n", "      queue->offset = n;\n"),
    "a half-written buffer starts again with a new back end": (
        "device-backend.c",
        "  priv->backend = g_object_ref (backend);",
        "  priv->write_queue.offset = 0;\n  priv->backend = g_object_ref (backend);",
    ),
    "the newest is dropped instead of the oldest": (
        "client-flow.c",
        "g_queue_pop_head (&priv->queue);",
        "priv->overflow == CHARFLOW_OVERFLOW_DROP && queue_is_full (priv) ? g_queue_pop_tail (&priv->queue) : g_queue_pop_head (&priv->queue);",
    ),
    "the bound of messages is off by one": (
        "client-flow.c",
        "priv->queue.length >= priv->max_queue_messages",
        "priv->queue.length > priv->max_queue_messages",
    ),
    "the bound of bytes is off by one": (
        "client-flow.c",
        "priv->queued_bytes >= priv->max_queue_bytes",
        "priv->queued_bytes > priv->max_queue_bytes",
    ),
    "the bound of waiting bytes is off by one": (
        "client-flow.c",
        "priv->waiting_bytes >= priv->max_waiting_bytes",
        "priv->waiting_bytes > priv->max_waiting_bytes",
    ),
    "what was dropped is not told": ("client-flow.c", "  priv->missed_bytes = 0;\n  CHARFLOW", "  priv->missed_bytes = 0;\n  if (FALSE) CHARFLOW"),
    "a message cut by a drop goes on": ("client-flow.c", "  if (priv->queue.length == 0)\n    priv->skipping = TRUE;\n", ""),
    "a late joiner gets the rest of a message": (
        "client-flow.c",
        "priv->skipping = charflow_char_device_is_in_message (device);",
        "priv->skipping = FALSE;",
    ),
    "a message for one goes to all": (
        "device-reader.c",
        "  if (target == NULL)\n    hand_to_all",
        "  if (TRUE)\n    hand_to_all",
    ),
    "a message for one that has gone goes to all": (
        "device-reader.c",
        "  else if (charflow_char_device_has_client (self, target))\n    charflow",
        "  else if (!charflow_char_device_has_client (self, target))\n    hand_to_all (priv, message, begins);\n  else\n    charflow",
    ),
    "who comes while a message is handed out gets it": (
        "device-reader.c",
        "for (guint i = 0; i < n_slots; i++)",
        "for (guint i = 0; i < (n_slots = charflow_client_list_begin_walk (priv->clients), charflow_client_list_end_walk (priv->clients), n_slots); i++)",
    ),
    "a client that holds up the others does not": (
        "device-reader.c",
        "return priv->n_demands[CHARFLOW_DEMAND_HOLDS] == 0 && ",
        "return ",
    ),
    "it is read though nobody wants it": (
        "device-reader.c",
        " && priv->n_demands[CHARFLOW_DEMAND_WANTS] > 0;",
        ";",
    ),
    "keep-unread is forgotten": ("device-reader.c", "    return !priv->keep_unread;", "    return TRUE;"),
    "a read from within is another turn": (
        "device-reader.c",
        "  if (priv->reading)\n    {\n      priv->read_again = TRUE;\n      return;\n    }\n",
        "",
    ),
    "the rest of one peer is put before the next": (
        "device-reader.c",
        "  charflow_char_device_get_private (self)->unread.has_end = TRUE;\n",
        "",
    ),
    "a detach leaves its queued buffers": (
        "write-queue.c",
        "was_begun = was_begun || buffer->was_begun ||",
        "was_begun = TRUE || was_begun || buffer->was_begun ||",
    ),
    "a half-written buffer is dropped with its client": (
        "write-queue.c",
        "                  (queue->buffers.head == &buffer->queue_link && queue->offset > 0);",
        "                  FALSE;",
    ),
    "a detach keeps what was queued for it": (
        "client-flow.c",
        "  charflow_clear_source (&priv->wait_timer);\n  clear_queue (priv);\n",
        "  charflow_clear_source (&priv->wait_timer);\n",
    ),
    "a removal that nobody heeds does not happen": (
        "device-clients.c",
        "  if (charflow_client_get_attachment (client) == attachment)\n    detach_for_reason",
        "  if (charflow_client_get_attachment (client) != attachment)\n    detach_for_reason",
    ),
    "all removals have one reason": (
        "device-clients.c",
        "client_priv->leaving ? client_priv->leaving_reason : ",
        "",
    ),
    "a self token does not come back": (
        "device-writer.c",
        "    charflow_char_device_get_private (self)->self_tokens += buffer->price;",
        "    charflow_char_device_get_private (self)->self_tokens += 0;",
    ),
    "a failed write gives no token back": (
        "device-writer.c",
        "        charflow_char_device_settle_write_buffer (self, buffer);\n    }\n  charflow_char_device_tell",
        "        buffer->settled = TRUE;\n    }\n  charflow_char_device_tell",
    ),
    "a broken pipe loses a message": (
        "device-writer.c",
        "      priv->writes_end = TRUE;\n",
        "      priv->writes_end = TRUE;\n      charflow_write_buffer_unref (charflow_write_queue_pop (&priv->write_queue));\n",
    ),
    "a stopped device writes": ("device-writer.c", "return priv->running && !priv->writes_end", "return !priv->writes_end"),
    "nobody is told that there is room": ("client-flow.c", "  priv->write_refused = FALSE;\n  return TRUE;", "  priv->write_refused = FALSE;\n  return FALSE;"),
    "a reset forgets what is owed": ("client-flow.c", "  priv->client_tokens += priv->owed_tokens;\n", ""),
    "a reset leaves the messages of clients": (
        "client-flow.c",
        "  clear_queue (priv);\n  priv->message_is_cut = FALSE;\n",
        "  priv->message_is_cut = FALSE;\n",
    ),
    "the state leaves out the queues": (
        "device-state.c",
        "      g_queue_push_tail (&saved->queue, charflow_queued_message_new (message->bytes, message->begins));",
        "      (void) message;",
    ),
    "the state repeats what was written in part": (
        "device-state.c",
        "charflow_write_buffer_share_contents (buffer, offset);",
        "charflow_write_buffer_share_contents (buffer, 0);",
    ),
    "the state forgets unread bytes": (
        "device-state.c",
        "  state->unread = g_bytes_new (unread, n_unread);",
        "  state->unread = g_bytes_new (unread, 0);",
    ),
    "restored tokens are all free": (
        "device-state.c",
        "saved->owed_tokens = window - saved->client_tokens - waiting;",
        "saved->owed_tokens = window - saved->client_tokens;",
    ),
    "what was written meanwhile comes first": (
        "device-state.c",
        "    g_queue_push_tail (&later, buffer);\n\n",
        "    g_queue_push_tail (&later, buffer);\n  while ((buffer = g_queue_pop_head (&later)) != NULL)\n    charflow_write_queue_push (&priv->write_queue, buffer);\n\n",
    ),
    "a device that was active takes a state": ("device-state.c", "if (!priv->active && !priv->handing", "if (!priv->handing"),
    # What was wrong until the model found it.
    "a wakeup from within a turn is lost": (
        "char-device.c",
        "  charflow_char_device_get_private (self)->source_has_ended = FALSE;\n",
        "",
    ),
    "who comes at the end of a message gets that": (
        "device-reader.c",
        "priv->in_message = continues || !begins;",
        "priv->in_message = continues;",
    ),
    "a nested change of the back end hides an event": (
        "device-backend.c",
        "  guard = g_object_ref (self);\n  if (!ask_handlers (self, backend, error))",
        "  guard = g_object_ref (self);\n  gboolean was = charflow_char_device_is_open (priv);\n  if (!ask_handlers (self, backend, error))",
        "  charflow_char_device_settle_unread_end (self);\n  tell_opened_changed (self, was_opened);",
        "  charflow_char_device_settle_unread_end (self);\n  tell_opened_changed (self, was_opened = was);",
    ),
    "a reset hands out the rest of a message": (
        "client-flow.c",
        "  if (priv->queue.length > 0 && charflow_char_device_is_in_message (priv->device))\n    priv->skipping = TRUE;\n",
        "",
    ),
    "who comes back while it is removed cannot be": (
        "client-flow.c",
        "  priv->leaving = FALSE;\n",
        "",
    ),
    "a removal ends with the next inside": (
        "device-clients.c",
        "  client_priv->leaving = TRUE;\n",
        "  client_priv->leaving = charflow_client_list_get_n_clients (charflow_char_device_get_private (self)->clients) < 2;\n",
    ),
    "the state forgets that the other side has gone": (
        "device-state.c",
        "state->unread_has_end = priv->unread.has_end;",
        "state->unread_has_end = FALSE;",
    ),
    "a state is saved while a message is handed out": ("device-state.c", "  if (priv->handing)\n", "  if (FALSE)\n"),
    "a stopped device delivers": ("client-flow.c", " && charflow_char_device_is_running (priv->device) &&", " &&"),
    "a client that is not ready is not read for": (
        "client-flow.c",
        "  return !priv->flow_control || priv->send_tokens > priv->queue.length ?",
        "  return priv->ready && (!priv->flow_control || priv->send_tokens > priv->queue.length) ?",
    ),
    "the state has messages that nobody paid for": (
        "device-state.c",
        "saved->n_messages = MAX (buffer->price, 1);",
        "saved->n_messages = buffer->n_messages;",
    ),
    "the state loses messages without bytes": (
        "saved-state.c",
        "  if (size == 0 && state->buffers->len > 0)\n",
        "  if (FALSE)\n",
    ),
}


def run(command, log, **options):
    return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, **options).returncode


def mutate(tree, changes):
    """The text of the file as it was, and its path."""
    path = tree / (DEVICE + changes[0])
    text = path.read_text()
    changed = text
    for old, new in zip(changes[1::2], changes[2::2]):
        if changed.count(old) != 1:
            sys.exit(f"{path.name} has {changed.count(old)} places for: {old}")
        changed = changed.replace(old, new)
    path.write_text(changed)
    return path, text


def build(folder, log):
    typelib = "charflow-glib/Charflow-1.typelib"
    targets = subprocess.run(["ninja", "-C", folder, "-t", "targets", "all"], capture_output=True, text=True, check=True).stdout
    library = next(line.split(":")[0] for line in targets.splitlines() if line.startswith("charflow-glib/libcharflow") and ".so" in line)
    return run(["ninja", "-j2", "-C", folder, library, typelib], log)


def test(tree, folder, log):
    library = str(folder / "charflow-glib")
    environment = {
        **os.environ,
        "G_DEBUG": "fatal-warnings",
        "GI_TYPELIB_PATH": library,
        "LD_LIBRARY_PATH": library,
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHARFLOW_MODEL_SHRINK": "no",
    }
    try:
        return run(["/usr/bin/python3", tree / "tests/python/model/test_model.py"], log, env=environment, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return "timeout"


def last_words(path):
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("AssertionError", "Fatal")) or "CRITICAL" in line or "WARNING" in line]
    return (telling or lines or ["?"])[0][:150]


def main():
    names = sys.argv[1:] or list(MUTATIONS)
    survived = []
    with tempfile.TemporaryDirectory(prefix="charflow-mutate-") as place:
        tree, folder, log_path = pathlib.Path(place, "tree"), pathlib.Path(place, "build"), pathlib.Path(place, "log")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "_build*", "build*"))
        with log_path.open("w") as log:
            options = ["-Dintrospection=enabled", "-Dvapi=disabled", "-Dtests=false"]
            if run(["meson", "setup", folder, tree, *options], log) or build(folder, log) or test(tree, folder, log):
                print(log_path.read_text())
                sys.exit("The tree as it is does not build, or fails its test")
        print("as it is: passes", flush=True)

        for name in names:
            path, text = mutate(tree, MUTATIONS[name])
            start = time.monotonic()
            with log_path.open("w") as log:
                if build(folder, log):
                    print(log_path.read_text())
                    sys.exit(f"{name}: does not build")
            with log_path.open("w") as log:
                status = test(tree, folder, log)
            path.write_text(text)
            survived += [name] * (status == 0)
            words = "SURVIVED" if status == 0 else f"caught ({last_words(log_path)})"
            print(f"{name}: {words}, {time.monotonic() - start:.0f} s", flush=True)

    print(f"{len(names) - len(survived)} of {len(names)} caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
