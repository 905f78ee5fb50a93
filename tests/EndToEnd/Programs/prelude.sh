# The words that scenarios are written with. Sourced by bash in the directory under test.
set -euo pipefail
umask 022

# is ACTUAL EXPECTED
is() { [ "$1" = "$2" ] || { printf 'is:        %q\nshould be: %q\n' "$1" "$2" >&2; return 1; }; }

# refused TEXT COMMAND...: the command must fail and say TEXT, such as "File exists".
refused() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1 >/dev/null); then echo "not refused: $*" >&2; return 1; fi
    case $said in
    *"$text"*) ;;
    *) echo "refused, but with: $said" >&2; return 1 ;;
    esac
}

not_mounted() { if mountpoint -q "$1"; then echo "mounted: $1" >&2; return 1; fi; }

# same_tree A B: names, types, modes, link targets and contents are equal.
same_tree() {
    diff -r --no-dereference "$1" "$2"
    diff <(cd "$1" && find . ! -name . -printf '%P %y %m %l\n' | sort) <(cd "$2" && find . ! -name . -printf '%P %y %m %l\n' | sort)
}

# noise SIZE SEED: SIZE bytes that look random and are the same each time. A reader may stop early.
noise() { head -c "$1" /dev/zero | openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$2")" -iv 00 2>/dev/null || true; }
