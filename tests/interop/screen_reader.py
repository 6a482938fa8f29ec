"""Looks at and clicks in the programs of a desktop, through their accessibility tree: a process of its own, since libvirt's event
loop runs the main context that the library wants for itself. Requests and answers are lines of JSON, see `Reader`."""

import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Atspi, Gdk, GLib  # noqa: E402

PATIENCE = 30
WINDOWS = ("frame", "dialog", "alert", "window")


class Reader:
    """One method a request. A thing is what shows in the `window` with this role, and whose own or whose label's name contains `name`."""

    def find(self, window: str, role: str, name: str) -> None:
        """Waits for a thing."""
        self._wait(window, role, name, lambda thing: thing)

    def gone(self, window: str, role: str, name: str) -> None:
        """Waits until there is no such thing."""
        self._wait(window, role, name, lambda thing: not thing)

    def click(self, window: str, role: str, name: str) -> None:
        """With the mouse, in its middle, once it can be clicked."""
        click(self._wait(window, role, name, lambda thing: thing and has(thing, "SENSITIVE") and thing))

    def enter(self, window: str, role: str, name: str, text: str) -> None:
        """Puts text into a field."""
        self._wait(window, role, name, lambda thing: thing and put(thing, text))

    def says(self, window: str, role: str, name: str, text: str) -> None:
        """Waits until a field has this text."""
        self._wait(window, role, name, lambda thing: thing and content(thing) == text)

    def choose(self, window: str, role: str, name: str, field: tuple, text: str) -> None:
        """Clicks a thing, again where the list moved under the mouse, until a field (role, name) has this text."""
        def chosen(thing):
            if thing:
                click(thing)
                time.sleep(0.2)
            shown = look(look(Atspi.get_desktop(0), WINDOWS, window), field[:1], field[1])
            return shown and content(shown) == text
        self._wait(window, role, name, chosen)

    def screenshot(self, window: str, file: str) -> None:
        """Of this window, as PNG."""
        place = self._wait(window, "", "", lambda found: found).get_extents(Atspi.CoordType.SCREEN)
        picture = Gdk.pixbuf_get_from_window(Gdk.get_default_root_window(), place.x, place.y, place.width, place.height)
        picture.savev(file, "png", ["compression"], ["9"])

    def _wait(self, window: str, role: str, name: str, condition):
        """The first true value of condition(thing or None); of the window itself without a role."""
        deadline = time.monotonic() + PATIENCE
        while True:
            desktop = Atspi.get_desktop(0)
            desktop.clear_cache()
            try:
                frame = look(desktop, WINDOWS, window)
                if value := condition(frame if not role else frame and look(frame, (role,), name)):
                    return value
            except GLib.Error:
                pass    # it went while it was looked at
            if time.monotonic() > deadline:
                raise TimeoutError(f"{role} {name!r} in {window!r}, where this shows:\n" + "\n".join(describe(desktop)))
            time.sleep(0.05)


def look(root, roles: tuple, name: str):
    return next((thing for thing in below(root) if thing.get_role_name() in roles and has(thing, "SHOWING") and is_named(thing, name)), None)


def below(root):
    for n in range(root.get_child_count()):
        if (child := root.get_child_at_index(n)) is not None:
            yield child
            yield from below(child)


def is_named(thing, name: str) -> bool:
    return name in (thing.get_name() or "") or any(
        name in (relation.get_target(n).get_name() or "") for relation in thing.get_relation_set()
        if relation.get_relation_type() == Atspi.RelationType.LABELLED_BY for n in range(relation.get_n_targets()))


def has(thing, state: str) -> bool:
    return thing.get_state_set().contains(getattr(Atspi.StateType, state))


def click(thing) -> None:
    place = thing.get_extents(Atspi.CoordType.SCREEN)
    Atspi.generate_mouse_event(place.x + place.width // 2, place.y + place.height // 2, "b1c")


def put(thing, text: str) -> bool:
    """Whether the field has taken it."""
    if thing.get_role_name() == "spin button":
        Atspi.Value.set_current_value(thing, float(text))   # typed text would count only when the field is left
        return Atspi.Value.get_current_value(thing) == float(text)
    return Atspi.EditableText.set_text_contents(thing, text) and content(thing) == text


def content(thing) -> str:
    return Atspi.Text.get_text(thing, 0, Atspi.Text.get_character_count(thing))


def describe(root) -> list[str]:
    try:
        return [f"{thing.get_role_name()} {thing.get_name()!r}" for thing in below(root) if has(thing, "SHOWING")]
    except GLib.Error as error:
        return [str(error)]


def main() -> None:
    Atspi.init()
    reader = Reader()
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        try:
            getattr(reader, request)(*arguments)
            answer = None
        except Exception as error:  # noqa: BLE001 - whatever it was, the test shall show it
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
