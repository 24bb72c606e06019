"""Fails unless a bill of materials names every locked Swift package and the libraries that the program links.

python3 scripts/lib/sbom_check.py sbom.cdx.json
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARIES = {"librdkafka1", "libssl3", "libcurl4", "libpq5", "libsqlite3-0", "libxml2", "libzstd1", "zlib1g", "libc6"}


def problems(bill):
    components = bill["components"]
    names = {component["name"].removesuffix("t64") for component in components}
    versions = {component["name"]: component["version"] for component in components}
    if (bill["bomFormat"], bill["specVersion"]) != ("CycloneDX", "1.5"):
        yield f"this is {bill['bomFormat']} {bill['specVersion']}, not CycloneDX 1.5"
    for pin in json.loads((ROOT / "Deploy/dependencies.lock.json").read_text())["pins"]:
        name, version = pin["identity"], pin["state"]["version"]
        if versions.get(name) != version:
            yield f"{name}: {versions.get(name)}, but the lock has {version}"
    for name in sorted(LIBRARIES - names):
        yield f"{name} is missing"
    for component in components:
        if not (component["purl"] == component["bom-ref"] and component["purl"].startswith("pkg:")):
            yield f"{component['name']} has no address"
    references = [component["bom-ref"] for component in components]
    if len(set(references)) != len(references):
        yield "a component is listed twice"
    if bill["dependencies"][0]["dependsOn"] != references:
        yield "the program does not depend on all components"


def main():
    found = list(problems(json.loads(Path(sys.argv[1]).read_text())))
    for problem in found:
        print(f"{sys.argv[1]}: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)


main()
