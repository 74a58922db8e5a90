#!/bin/sh
# Sets up everything that `make demo` and `make test` need: outside tools by apt, a virtual environment in .venv,
# Python packages at the versions of constraints.txt, and tpugen itself in that environment. Safe to run again at any
# time, also after it was interrupted; does nothing where nothing is missing.
#
# Environment: PYTHON names the interpreter to use (3.11 or newer); PIP_* and pip's configuration files are honoured;
# TPUGEN_IVERILOG, TPUGEN_VVP, TPUGEN_VERILATOR, TPUGEN_YOSYS, TPUGEN_STA, TPUGEN_CXX name tools that are not on PATH.
set -eu
cd "$(dirname "$0")/.."

VENV=.venv
OSU018=/usr/share/qflow/tech/osu018/osu018_stdcells.lib

say() { printf 'setup: %s\n' "$*" >&2; }
one_line() { printf '%s' "$1" | tr '\n' ' '; }
fail() {
    say "$1"
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 3
}

# --- which Python -----------------------------------------------------------------------------------------------------

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer" "set PYTHON to one, or unset it"
        command -v "$PYTHON"
        return
    fi
    for name in python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$name" >/dev/null 2>&1 && suits "$name"; then
            command -v "$name"
            return
        fi
    done
    if command -v python3 >/dev/null 2>&1; then found=$(python3 --version 2>&1); else found="no python3 on PATH"; fi
    fail "tpugen needs Python 3.11 or newer; found: $found" \
        "Debian 12 and Ubuntu 24.04 have one: apt install python3" \
        "elsewhere, install one and run again with PYTHON=/path/to/python3.11"
}

# --- outside tools ----------------------------------------------------------------------------------------------------

# tool_missing COMMAND [OVERRIDE]: true unless the override names an executable or the command is on PATH.
tool_missing() {
    [ -n "${2:-}" ] && [ -x "$2" ] && return 1
    ! command -v "$1" >/dev/null 2>&1
}

has_shared_library() {
    "$PYTHON_FOUND" - >/dev/null 2>&1 <<'PY'
import ctypes, os, sysconfig

name, folder = sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LIBDIR")
try:
    ctypes.CDLL(name)
except OSError:
    ctypes.CDLL(os.path.join(folder, name))
PY
}

missing_packages() {
    if tool_missing iverilog "${TPUGEN_IVERILOG:-}" || tool_missing vvp "${TPUGEN_VVP:-}"; then echo iverilog; fi
    if tool_missing verilator "${TPUGEN_VERILATOR:-}"; then echo verilator; fi
    if tool_missing yosys "${TPUGEN_YOSYS:-}"; then echo yosys; fi
    if tool_missing sta "${TPUGEN_STA:-}"; then echo opensta; fi
    if [ ! -r "$OSU018" ]; then echo qflow-tech-osu018; fi
    if tool_missing g++ "${TPUGEN_CXX:-}"; then echo g++; fi
    # Debian keeps Python's shared library, which cocotb loads into the simulator, in a package of its own.
    if ! has_shared_library; then
        "$PYTHON_FOUND" -c 'import sys; print("libpython{}.{}".format(*sys.version_info))'
    fi
    # And venv's ensurepip, one package per Python version.
    if [ ! -x "$VENV/bin/python" ] && ! "$PYTHON_FOUND" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$PYTHON_FOUND" -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))'
    fi
}

# Sets AS_ROOT to the words that run a command with the right to install; fails if there are none.
find_right_to_install() {
    AS_ROOT=""
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    AS_ROOT="sudo -n"
    sudo -n true 2>/dev/null && return 0
    # A person at a terminal may type a password.
    [ -t 0 ] && [ -t 2 ] || return 1
    AS_ROOT="sudo"
    say "sudo may ask for your password"
    sudo -v
}

apt_do() { $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >&2; }

unknown_to_apt() {
    for package in "$@"; do
        candidate=$(LC_ALL=C apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: *//p')
        case "$candidate" in "" | "(none)") echo "$package" ;; esac
    done
}

install_packages() {
    "$PYTHON_FOUND" -c 'import sys, sysconfig; sys.exit(not sysconfig.get_config_var("Py_ENABLE_SHARED"))' ||
        fail "$PYTHON_FOUND was built without a shared library, which cocotb needs in the simulator" \
            "run again with PYTHON=/path/to/another/python3 (Debian's and Ubuntu's own have one)"
    packages=$(one_line "$(missing_packages)")
    [ -n "$packages" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        fail "missing: $packages (names of Debian packages), and there is no apt-get to install them with" \
            "install these tools by hand, then run this again"
    find_right_to_install ||
        fail "missing, and neither root nor sudo to install them with: $packages" \
            "ask whoever looks after this machine for: apt-get install $packages"
    say "installing with apt: $packages"
    # An installation that was interrupted is finished first.
    $AS_ROOT env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >&2
    # shellcheck disable=SC2086  # the list is meant to be split
    if [ -n "$(unknown_to_apt $packages)" ] || ! apt_do install --no-install-recommends $packages; then
        say "refreshing apt's lists"
        apt_do update || fail "apt-get update failed (see above)" "packages wanted: $packages"
        unknown=$(one_line "$(unknown_to_apt $packages)")
        [ -z "$unknown" ] ||
            fail "apt does not offer on this system: $unknown" \
                "on Ubuntu, enable the universe component; else install these by hand"
        apt_do install --no-install-recommends $packages ||
            fail "apt-get install failed (see above)" "packages wanted: $packages"
    fi
    left=$(one_line "$(missing_packages)")
    [ -z "$left" ] || fail "installed by apt, yet not found: $left" "is another program of that name first on PATH?"
}

# --- Python environment -----------------------------------------------------------------------------------------------

# What the environment's packages depend on.
packages_key() { { cat pyproject.toml constraints.txt && "$VENV/bin/python" --version; } | sha256sum; }

# What the links of tpugen's own installation depend on: which files there are, not what they hold.
files_key() {
    {
        pwd
        cat pyproject.toml
        find tpugen rtl_templates dataset retrieval verif flows -name __pycache__ -prune -o -type f -print | LC_ALL=C sort
    } | sha256sum
}

installed() { [ -x "$VENV/bin/tpugen" ] && "$VENV/bin/python" -I -c 'import tpugen.flows' >/dev/null 2>&1; }

stamped() { [ -r "$VENV/$1" ] && [ "$(cat "$VENV/$1")" = "$2" ]; }

make_environment() {
    if [ -x "$VENV/bin/python" ] && suits "$VENV/bin/python" && "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
        return 0
    fi
    say "making the environment $VENV with $("$PYTHON_FOUND" --version)"
    "$PYTHON_FOUND" -m venv --clear "$VENV" || fail "cannot make $VENV with $PYTHON_FOUND (see above)"
}

pip_install() {
    "$VENV/bin/python" -m pip install --constraint constraints.txt "$@" >&2 ||
        fail "pip could not install what is missing (see above)" \
            "it uses the index that pip is configured for: $VENV/bin/pip config list" \
            "run this again once that is mended; what was installed so far is kept"
}

# In place, so that an edited file counts at once; strict, so that only what the wheel will hold can be imported.
install_tpugen() {
    rm -rf build
    pip_install --no-build-isolation --config-settings editable_mode=strict "$@"
}

install_python_packages() {
    packages=$(packages_key)
    files=$(files_key)
    if ! stamped .packages-stamp "$packages"; then
        rm -f "$VENV/.packages-stamp" "$VENV/.files-stamp"
        say "installing Python packages at the versions of constraints.txt (minutes the first time, 2 GB of disk)"
        pip_install setuptools wheel
        install_tpugen --editable '.[dev]'
        printf '%s' "$packages" >"$VENV/.packages-stamp"
    elif ! stamped .files-stamp "$files" || ! installed; then
        rm -f "$VENV/.files-stamp"
        say "installing tpugen into $VENV (files came or went)"
        install_tpugen --quiet --no-deps --editable .
    else
        return 0
    fi
    printf '%s' "$files" >"$VENV/.files-stamp"
}

# Two of these at once would work on the same folders: the second waits for the first.
if command -v flock >/dev/null 2>&1; then
    exec 9<.ci/setup.sh
    flock -n 9 || { say "waiting for another set-up of this folder" && flock 9; }
fi
PYTHON_FOUND=$(find_python)
install_packages
make_environment
install_python_packages
say "ready"
