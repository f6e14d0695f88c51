"""The table from modules to their tests, test/modules.list."""
import fnmatch
import json
import pathlib
import subprocess


class Table:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.rows = {}
        for line in (self.root / "test" / "modules.list").read_text().split("\n"):
            words = line.split()
            if words and not words[0].startswith("#"):
                self.rows[words[0]] = words[1:]
        self.names = None

    def patterns_of(self, path):
        """The patterns of the row that matches most of the path."""
        path = pathlib.PurePosixPath(path)
        for folder in (path, *path.parents):
            if str(folder) in self.rows:
                return self.rows[str(folder)]
        return []

    def tests_of(self, path, names=None):
        names = self.all_tests() if names is None else names
        return matching(self.patterns_of(path), names)

    def all_tests(self):
        """The names of the tests of a build folder in the tree, of any."""
        if self.names is None:
            builds = [*self.root.glob("build*/build.ninja"), *self.root.glob("build*/*/build.ninja")]
            builds = sorted(builds, key=lambda p: -p.stat().st_mtime)
            # A build may have no tests (-Dtests=false).
            found = (tests_in(build.parent) for build in builds)
            self.names = next((names for names in found if names), None)
            if self.names is None:
                raise SystemExit("no build folder with tests: meson setup build")
        return self.names


def matching(patterns, names):
    return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def tests_in(build):
    out = subprocess.run(["meson", "introspect", "--tests", str(build)], capture_output=True, check=True)
    return [test["name"] for test in json.loads(out.stdout)]
