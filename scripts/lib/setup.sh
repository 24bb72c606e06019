# shellcheck shell=bash
# What the scripts share: steps with timings, and installing what is missing. To be sourced.
#
# Everything is checked by what it can do, not by how it was installed, and is installed only when
# missing: Debian packages with apt-get, noida-db and linters into .venv of this package.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
readonly root
readonly least_swift="6.2"
readonly virtual_environment="$root/.venv"

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# openly DESCRIPTION COMMAND...: runs a command that shows its own progress.
openly() {
  local description="$1" started="$SECONDS"
  shift
  printf '==> %s\n' "$description" >&2
  "$@" || fail "$description failed"
  printf '    done in %d s\n' "$((SECONDS - started))" >&2
}

# quietly DESCRIPTION COMMAND...: runs a command whose output matters only if it fails.
quietly() {
  local description="$1" started="$SECONDS" output
  shift
  printf '==> %s\n' "$description" >&2
  output="$(mktemp)"
  if ! "$@" >"$output" 2>&1 </dev/null; then
    cat "$output" >&2
    rm -f "$output"
    fail "$description failed"
  fi
  rm -f "$output"
  printf '    done in %d s\n' "$((SECONDS - started))" >&2
}

# at_least LEAST ACTUAL: compares versions such as 6.1 and 6.3.1.
at_least() {
  [[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]
}

require_swift() {
  local banner version
  command -v swift >/dev/null ||
    fail "Swift is missing. Install Swift $least_swift or newer from https://www.swift.org/install/linux/ and put it on PATH."
  banner="$(swift --version 2>&1)" ||
    fail "swift does not run: $(head -n 1 <<<"$banner")"
  version="$(sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)+).*/\1/p' <<<"$banner" | head -n 1)"
  [[ -n "$version" ]] || fail "swift --version names no version: $(head -n 1 <<<"$banner")"
  at_least "$least_swift" "$version" ||
    fail "Swift $version is too old. Install Swift $least_swift or newer from https://www.swift.org/install/linux/ and put it first on PATH."
}

as_root() {
  if [[ "$(id -u)" == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "this needs root: run as root or install sudo" >&2
    return 1
  fi
}

apt_install() {
  as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# Whether what a Debian package gives is here already.
have_package() {
  case "$1" in
    librdkafka-dev) pkg-config --exists rdkafka ;;
    libsqlite3-dev) pkg-config --exists sqlite3 ;;
    libpq-dev) pkg-config --exists libpq ;;
    libssl-dev) pkg-config --exists libcrypto ;;
    zlib1g-dev) pkg-config --exists zlib ;;
    libzstd-dev) pkg-config --exists libzstd ;;
    libxml2-dev) pkg-config --exists libxml-2.0 ;;
    libcurl4-openssl-dev) pkg-config --exists libcurl ;;
    sqlite3 | chromium | openssl) command -v "$1" ;;
    nginx-light) [[ -x /usr/sbin/nginx ]] ;;
    pgbouncer) command -v pgbouncer || [[ -x /usr/sbin/pgbouncer ]] ;;
    postgresql) command -v psql && ls /usr/lib/postgresql/*/bin/postgres ;;
    prometheus) command -v promtool ;;
    python3-venv) python3 -c 'import ensurepip, venv' ;;
    pkg-config | shellcheck) command -v "$1" ;;
    *) dpkg-query --show --showformat='${db:Status-Status}' "$1" | grep -qx installed ;;
  esac >/dev/null 2>&1
}

# require_packages PACKAGE...: installs those that are missing.
require_packages() {
  local package missing=()
  for package in "$@"; do
    have_package "$package" || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null ||
    fail "these Debian packages are missing, and there is no apt-get to install them with: ${missing[*]}. Install what your system calls them."
  # sudo may ask for a password, which must be seen.
  if [[ "$(id -u)" != 0 ]] && command -v sudo >/dev/null; then
    sudo -v || fail "installing ${missing[*]} needs root"
  fi
  quietly "install ${missing[*]}" apt_install "${missing[@]}"
  for package in "${missing[@]}"; do
    have_package "$package" || fail "$package is installed, but does not work"
  done
}

require_virtual_environment() {
  require_packages python3-venv
  "$virtual_environment/bin/python" -m pip --version >/dev/null 2>&1 ||
    quietly "make .venv" python3 -m venv --clear "$virtual_environment"
}

# The rules of axe-core, which a Python package brings. Exports TRIBUTARY_TEST_AXE, unless it names a file already.
require_axe() {
  local find='from importlib.resources import files; print(files("axe_playwright_python") / "axe.min.js")'
  [[ -z "${TRIBUTARY_TEST_AXE:-}" ]] || return 0
  require_virtual_environment
  # Without the browser that it would bring to be driven.
  "$virtual_environment/bin/python" -c "$find" >/dev/null 2>&1 ||
    "$virtual_environment/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check \
      'axe-playwright-python>=0.1.8,<0.2' || return
  TRIBUTARY_TEST_AXE="$("$virtual_environment/bin/python" -c "$find")" && export TRIBUTARY_TEST_AXE
}

# require_python COMMAND REQUIREMENT: installs a Python package that brings a command into .venv.
require_python() {
  local command="$1" requirement="$2"
  [[ -x "$virtual_environment/bin/$command" ]] && return
  require_virtual_environment
  quietly "install $requirement into .venv" \
    "$virtual_environment/bin/python" -m pip install --disable-pip-version-check "$requirement"
  [[ -x "$virtual_environment/bin/$command" ]] || fail "$requirement brought no command $command"
}

# The broker for tests and the demo. Exports TRIBUTARY_NOIDA_DB, unless it names a program already.
require_noida_db() {
  local program
  if [[ -n "${TRIBUTARY_NOIDA_DB:-}" ]]; then
    [[ -x "$TRIBUTARY_NOIDA_DB" ]] || fail "TRIBUTARY_NOIDA_DB=$TRIBUTARY_NOIDA_DB is not a program"
    return
  fi
  require_python noida-db 'noida-db>=0.2.3,<0.3'
  # The program itself rather than its Python wrapper, which does not hand signals on.
  program="$("$virtual_environment/bin/python" -c \
    'from importlib.resources import files; print(files("noida_db") / "noida-db")' 2>/dev/null || true)"
  if [[ -f "$program" ]] && chmod u+x "$program"; then
    export TRIBUTARY_NOIDA_DB="$program"
  else
    export TRIBUTARY_NOIDA_DB="$virtual_environment/bin/noida-db"
  fi
}

# What building needs.
require_build_tools() {
  require_swift
  require_packages pkg-config librdkafka-dev libsqlite3-dev libpq-dev libssl-dev zlib1g-dev \
    libcurl4-openssl-dev libzstd-dev libxml2-dev
  use_locked_versions
}

# Has Swift take dependencies in the versions of our lock file, not in those of an earlier build.
use_locked_versions() {
  # SwiftPM adds a line with a hash of Package.swift.
  sed '/"originHash"/d' "$root/Package.resolved" 2>/dev/null |
    cmp -s - "$root/Deploy/dependencies.lock.json" ||
    cp "$root/Deploy/dependencies.lock.json" "$root/Package.resolved"
}
