"""`make playground`: write the jets of the playground and the twins of all states in the book."""

from course_utils.authoring import checkout
from course_utils.playground import jets, twins


def main() -> None:
    root = checkout()
    (root / jets.FILE).write_text(jets.text(), encoding="utf-8")
    for path in twins.write(root):
        print(path.relative_to(root))


if __name__ == "__main__":
    main()
