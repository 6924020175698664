// SPDX-License-Identifier: LGPL-2.1-or-later
// What can go wrong with a spec, and what is done about it.

void make (string spec) {
    try {
        var backend = Charflow.Backend.create_from_spec (spec);

        print ("made a %s\n", backend.get_type ().name ());
    } catch (Charflow.BackendError.UNKNOWN_KIND error) {
        print ("no such kind: %s\n", spec);
    } catch (Charflow.BackendError error) {
        print ("%s\n", error.message);
    } catch (Error error) {
        print ("something else: %s\n", error.message);
    }
}

int main () {
    make ("ringbuf,id=memory,size=64");
    make ("typewriter,id=t0");
    make ("ringbuf,id=memory,colour=red");
    return 0;
}
