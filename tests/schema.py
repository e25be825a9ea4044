#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds files against a JSON Schema; status 1 where one is not as it says.

schema.py SCHEMA FILE...                      every FILE is as the schema says
schema.py --refuses SCHEMA FILE PLACE...      FILE is, but neither with a field added at a PLACE (a/0/b) nor with one taken away
"""
import copy
import json
import sys

import jsonschema


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def hold(validator, path):
    errors = list(validator.iter_errors(load(path)))
    for error in errors[:10]:
        where = "/".join(str(part) for part in error.absolute_path)
        print(f"{path}: {where or 'the whole'}: {error.message[:300]}")
    return not errors


def short(value):
    """The same with two entries of every list: enough to change, and quick to look at."""
    if isinstance(value, dict):
        return {key: short(entry) for key, entry in value.items()}
    return [short(entry) for entry in value[:2]] if isinstance(value, list) else value


def changed(whole, place, change):
    whole = copy.deepcopy(whole)
    at = whole
    for step in filter(None, place.split("/")):
        at = at[int(step) if step.isdigit() else step]
    change(at)
    return whole


def refuses(validator, path, *places):
    whole = short(load(path))
    good = validator.is_valid(whole)
    for place in places:
        for name, change in (("added", lambda at: at.update(new_field=1)), ("taken", lambda at: at.pop(next(iter(at))))):
            if validator.is_valid(changed(whole, place, change)):
                print(f"{path}: {place or 'the whole'}: a field {name} is not seen")
                good = False
    return good


def main(*words):
    refusing = words[0] == "--refuses"
    schema_path, *rest = words[refusing:]
    schema = load(schema_path)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    good = refuses(validator, *rest) if refusing else all([hold(validator, path) for path in rest])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
