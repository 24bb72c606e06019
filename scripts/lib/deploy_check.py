"""Renders and checks what is under Deploy: Kubernetes, the Helm chart, dashboards, commands.

deploy_check.py            renders the overlays and the chart, validates all of it
deploy_check.py --write    writes the rules of the Prometheus operator from Deploy/prometheus
deploy_check.py PROGRAM    looks up every command and flag of the files in the program's help

There is no kustomize in the package registries that CI reaches, so that the overlays are rendered
here, by the rules of those fields that they use; any other field is an error.
"""

import copy
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "Deploy"
KUBERNETES = ["1.29.0", "1.37.0"]
OVERLAYS = ["base", "small", "production"]
CHART_VALUES = [
    {},
    {
        "tokenSecret": "tributary-token",
        "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
        "env": [{"name": "TRIBUTARY_LOOKBACK", "value": "7d"}],
        "run": {"podAnnotations": {"a": "b"}, "nodeSelector": {"a": "b"},
                "tolerations": [{"key": "a", "operator": "Exists"}]},
        "monitoring": {"serviceMonitor": True, "rules": True, "labels": {"release": "prometheus"}},
        "keda": {"enabled": True},
    },
    {"serve": {"enabled": False}, "topics": {"enabled": False}, "networkPolicy": {"enabled": False}},
]
problems = []


def check(holds, problem):
    if not holds:
        problems.append(problem)


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


# Rules of Prometheus


def rules():
    return [group for name in ["alerts", "recording"]
            for group in documents(DEPLOY / f"prometheus/{name}.yaml")[0]["groups"]]


RULES = DEPLOY / "kubernetes/components/monitoring/rules.yaml"


def write_rules():
    lines = [line for name in ["alerts", "recording"]
             for line in (DEPLOY / f"prometheus/{name}.yaml").read_text().splitlines()
             if line.startswith("  ")]
    RULES.write_text("\n".join([
        "# Written by scripts/lib/deploy_check.py --write, from Deploy/prometheus.",
        "apiVersion: monitoring.coreos.com/v1",
        "kind: PrometheusRule",
        "metadata:",
        "  name: tributary",
        "spec:",
        "  groups:",
    ] + ["  " + line for line in lines]) + "\n")


# Kustomize


def merge(base, patch):
    """A strategic merge: mappings key by key, lists of named things by name, others replaced."""
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = dict(base)
        for key, value in patch.items():
            merged[key] = merge(base[key], value) if key in base else copy.deepcopy(value)
        return merged
    if isinstance(base, list) and isinstance(patch, list) and all(
            isinstance(item, dict) and key_of(item) for item in base + patch):
        merged = list(base)
        for item in patch:
            same = [i for i, other in enumerate(merged) if key_of(other) == key_of(item)]
            if same:
                merged[same[0]] = merge(merged[same[0]], item)
            else:
                merged.append(item)
        return merged
    return copy.deepcopy(patch)


def key_of(item):
    return item.get("mountPath") or item.get("name")


def identity(resource):
    return resource["apiVersion"], resource["kind"], resource["metadata"]["name"]


def kustomize(folder, resources=None):
    path = folder / "kustomization.yaml"
    fields = documents(path)[0]
    known = {"apiVersion", "kind", "resources", "components", "configMapGenerator", "patches",
             "labels", "images"}
    check(set(fields) <= known, f"{path}: {set(fields) - known} is not known here")
    resources = list(resources or [])
    for name in fields.get("resources", []):
        target = folder / name
        resources += kustomize(target) if target.is_dir() else documents(target)
    for name in fields.get("components", []):
        resources = kustomize(folder / name, resources)
    for generator in fields.get("configMapGenerator", []):
        made = {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]},
            "data": {name: (folder / name).read_text() for name in generator["files"]},
        }
        same = [i for i, other in enumerate(resources) if identity(other) == identity(made)]
        replaces = generator.get("behavior", "create") == "replace"
        check(bool(same) == replaces, f"{path}: ConfigMap {generator['name']}: wrong behavior")
        resources = [r for i, r in enumerate(resources) if i not in same] + [made]
    for patch in fields.get("patches", []):
        for change in documents(folder / patch["path"]):
            same = [i for i, r in enumerate(resources) if identity(r) == identity(change)]
            check(len(same) == 1, f"{folder / patch['path']}: patches nothing")
            for index in same:
                resources[index] = merge(resources[index], change)
    for entry in fields.get("labels", []):
        for resource in resources:
            resource["metadata"].setdefault("labels", {}).update(entry["pairs"])
    names = [identity(resource) for resource in resources]
    check(len(names) == len(set(names)), f"{path}: a resource twice")
    return resources


# Checks of what was rendered


def containers(resource):
    template = resource.get("spec", {}).get("template")
    if resource["kind"] == "CronJob":
        template = resource["spec"]["jobTemplate"]["spec"]["template"]
    return template["spec"] if template else None


def check_resources(place, resources):
    import kubernetes_validate

    config_maps = {r["metadata"]["name"] for r in resources if r["kind"] == "ConfigMap"}
    labels_of_pods = []
    for resource in resources:
        name = f"{place}: {resource['kind']} {resource['metadata']['name']}"
        if "." in resource["apiVersion"].split("/")[0] and not resource["apiVersion"].split(
                "/")[0].endswith(".k8s.io"):
            continue
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(resource, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems.append(f"{name}: {version}: {error.message}")
        pod = containers(resource)
        if not pod:
            continue
        labels_of_pods.append(resource["spec"]["template"]["metadata"]["labels"])
        check(pod["securityContext"]["runAsNonRoot"], f"{name}: may run as root")
        check(pod["enableServiceLinks"] is False, f"{name}: has variables of foreign services")
        volumes = {volume["name"] for volume in pod["volumes"]}
        for volume in pod["volumes"]:
            if "configMap" in volume:
                check(volume["configMap"]["name"] in config_maps, f"{name}: no such ConfigMap")
        for container in pod["containers"]:
            context = container["securityContext"]
            check(context["readOnlyRootFilesystem"], f"{name}: may write to its root")
            check(context["capabilities"] == {"drop": ["ALL"]}, f"{name}: has capabilities")
            check("memory" in container["resources"]["limits"], f"{name}: has no memory limit")
            for mount in container["volumeMounts"]:
                check(mount["name"] in volumes, f"{name}: mounts {mount['name']}")
            if resource["kind"] != "Job":
                check(container["livenessProbe"]["httpGet"]["path"] == "/livez", f"{name}: liveness")
                check(container["readinessProbe"]["httpGet"]["path"] == "/readyz",
                      f"{name}: readiness")
                port = container["ports"][0]["containerPort"]
                check(str(port) in " ".join(container["args"]), f"{name}: listens elsewhere")
    for resource in resources:
        if resource["kind"] in ["Service", "PodDisruptionBudget"]:
            selector = resource["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            check(any(selector.items() <= labels.items() for labels in labels_of_pods),
                  f"{place}: {resource['kind']} {resource['metadata']['name']} selects nothing")
        if resource["kind"] == "PrometheusRule":
            check(resource["spec"]["groups"] == rules(),
                  f"{place}: not the rules of Deploy/prometheus: run {sys.argv[0]} --write")
        if resource["kind"] == "ScaledObject":
            target = resource["spec"]["scaleTargetRef"]["name"]
            check(any(r["kind"] == "StatefulSet" and r["metadata"]["name"] == target
                      for r in resources), f"{place}: scales nothing")


def all_overlays():
    folder = DEPLOY / "kubernetes"
    for name in OVERLAYS:
        yield f"kubernetes/{name}", kustomize(folder / name)
    yield "kubernetes/components/keda", kustomize(
        folder / "components/keda", kustomize(folder / "production"))


def all_charts():
    from helm_python import Chart

    for index, values in enumerate(CHART_VALUES):
        with Chart.load(str(DEPLOY / "helm/tributary")) as chart:
            rendered = chart.render(values=values, name="tributary", namespace="default")
        yield f"helm/tributary {index}", [
            document for text in rendered.values() for document in yaml.safe_load_all(text) if document]


# Dashboards


def check_dashboards():
    manual = (ROOT / "docs/operating/monitoring.md").read_text()
    recorded = {rule["record"] for group in rules() for rule in group["rules"] if "record" in rule}
    schema = (ROOT / "Sources/SQLSink/Schema/Schema.swift").read_text()
    model_names = ["first_touch", "last_touch", "linear", "time_decay", "position_based",
                   "last_non_direct"]
    columns = {"view", "window_start", "window_end", "campaign_id", "channel", "ad_id", "currency",
               "final", "revision", "impressions", "clicks", "users", "sessions", "spend_micros"}
    columns |= {f"{kind}_{model}_micros" for kind in ["conversions", "revenue"]
                for model in model_names}
    for name in ["window_start", "window_end", "currency", "final", "revision", "impressions",
                 "spend_micros", "final_through"]:
        check(name in schema, f"Schema.swift: has no {name}: bring deploy_check.py up to date")
    columns |= {"final_through"}
    for path in sorted((DEPLOY / "grafana").glob("*.json")):
        dashboard = json.loads(path.read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        check(len(ids) == len(set(ids)), f"{path.name}: a panel's id twice")
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                place = f"{path.name}: {panel['title']}"
                for metric in re.findall(r"[\w:]*(?:tributary|process)_\w+[\w:]*",
                                         target.get("expr", "")):
                    plain = re.sub(r"_(bucket|sum|count)$", "", metric)
                    check(metric in recorded or f"| `{metric}`" in manual
                          or f"| `{plain}`" in manual, f"{place}: no metric {metric}")
                check_sql(place, target.get("rawSql", ""), columns)
        for variable in dashboard.get("templating", {}).get("list", []):
            if isinstance(variable.get("query"), str) and variable["type"] == "query":
                check_sql(f"{path.name}: {variable['name']}", variable["query"], columns)


SQL_WORDS = set("""select from where group by order and or as sum max min nullif null distinct case
when then else end in limit desc asc numeric rollups tributary_progress coalesce extract epoch now
not join on using round""".split())


def check_sql(place, sql, columns):
    sql = re.sub(r"\$\{model[^}]*\}", "last_touch", sql)
    plain = re.sub(r"'[^']*'|\$\{?\w+(:\w+)?\}?|\$__\w+(\([^)]*\))?", " ", sql)
    for column in re.findall(r"\$__time\w*\((\w+)", sql):
        check(column in columns, f"{place}: no column {column}")
    aliases = set(re.findall(r'\bas "?(\w+)"?', plain, re.I))
    plain = re.sub(r'"[^"]*"', " ", plain)
    for word in re.findall(r"[A-Za-z_]\w*", plain):
        check(word.lower() in SQL_WORDS or word in columns or word in aliases,
              f"{place}: no column {word}")


# Commands


def program_arguments(container):
    """The program's arguments: those of the container, or of the program in its shell's script."""
    arguments = container.get("args", [])
    if container.get("command", [])[:2] != ["/bin/sh", "-c"]:
        return arguments
    words = shlex.split(arguments[0])
    return words[words.index("tributary") + 1:] if "tributary" in words else words


def commands():
    """The arguments of every container and unit."""
    for place, resources in all_overlays():
        for resource in resources:
            for container in (containers(resource) or {}).get("containers", []):
                yield f"{place}: {resource['metadata']['name']}", program_arguments(container)
    for path in sorted((DEPLOY / "kubernetes").glob("jobs/*.yaml")):
        for resource in documents(path):
            if resource.get("kind") in ["CronJob", "Job"]:
                for container in containers(resource)["containers"]:
                    yield str(path), program_arguments(container)
    for name, service in documents(ROOT / "docker-compose.yml")[0]["services"].items():
        if service.get("image", "").startswith("tributary") and "entrypoint" not in service:
            yield f"docker-compose.yml: {name}", service.get("command", [])
        test = service.get("healthcheck", {}).get("test", [])
        if test[1:2] == ["tributary"]:
            yield f"docker-compose.yml: health of {name}", test[2:]
    for match in re.findall(r'^ +CMD (\["tributary".*\])$', (DEPLOY / "Dockerfile").read_text(), re.M):
        yield "Dockerfile: health", json.loads(match)[1:]
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        for line in re.findall(r"^ExecStart=/usr/bin/tributary (.*)$", path.read_text(), re.M):
            yield str(path), line.split()


def check_commands(program):
    help_of = json.loads(subprocess.run(
        [program, "--experimental-dump-help"], check=True, capture_output=True).stdout)["command"]
    count = 0
    for place, arguments in commands():
        command = help_of
        words = [str(word) for word in arguments]
        while words and words[0] in (names := {
                c["commandName"]: c for c in command.get("subcommands", [])}):
            command = names[words.pop(0)]
        check(command is not help_of, f"{place}: no command {words[:1]}")
        flags = {("--" if name["kind"] == "long" else "-") + name["name"]
                 for argument in command.get("arguments", []) for name in argument.get("names", [])}
        for word in words:
            if re.match(r"--?[a-z]", word):
                check(word.split("=")[0] in flags, f"{place}: no flag {word}")
        count += 1
    check(count > 10, "few commands found: is the search right?")


def main():
    if sys.argv[1:] == ["--write"]:
        return write_rules()
    if sys.argv[1:]:
        check_commands(sys.argv[1])
    else:
        for place, resources in all_overlays():
            check_resources(place, resources)
        try:
            charts = list(all_charts())
        except ModuleNotFoundError:
            print("the Helm chart is not rendered: helm-python-sdk cannot be had here")
            charts = []
        for place, resources in charts:
            check_resources(place, resources)
        check_dashboards()
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


main()
