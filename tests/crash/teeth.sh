#!/usr/bin/env bash
# teeth - do the proofs bite? Breaks the store on purpose, one line at a time, and
# demands that the test which guards that line fails.
#
#   tests/crash/teeth.sh [NAME...]      all mutants, or those named
#
# A test that passes on broken code is not a test. Each mutant is a copy of the
# sources with one change, built and run in a temporary directory. A change that no
# longer fits the source fails too: then the mutant has to be written anew.
# shellcheck disable=SC2016 # the substitutions are perl's
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=c11 -O2 -g -fno-common -Iinclude -I"$work/src")
only=" $* "
failed=()
tried=0

compile() # OBJECT SOURCE FLAG...
{
    local object=$1 source=$2
    shift 2
    "${CC:-cc}" "${flags[@]}" "$@" -c "$source" -o "$object"
}

# All objects once: the store with and without crash points, and the tests.
prepare()
{
    local file
    cp -r src "$work/src"
    mkdir -p "$work/plain" "$work/points" "$work/tests" "$work/sound"
    for file in src/base/*.c src/store/*.c; do
        compile "$work/plain/$(basename "$file" .c).o" "$work/$file"
        compile "$work/points/$(basename "$file" .c).o" "$work/$file" -DPN_CRASH_POINTS
    done
    for file in tests/support/{pattern,scratch}.c tests/model/*.c tests/unit/test_expire.c \
        tests/unit/test_read.c tests/unit/test_recover.c; do
        compile "$work/tests/$(basename "$file" .c).o" "$file"
    done
    for file in tests/crash/torture.c tests/crash/actor.c; do
        compile "$work/tests/$(basename "$file" .c).o" "$file" -DPN_CRASH_POINTS
    done
}

# Links PROGRAM with the objects of DIRECTORY (plain or points).
link()
{
    local program=$1 objects=$2 tests
    case $program in
    torture) tests=(torture actor) ;;
    model_store) tests=(model_store session model ops_items ops_groups) ;;
    *) tests=("$program") ;;
    esac
    tests+=(pattern scratch)
    tests=("${tests[@]/#/$work/tests/}")
    "${CC:-cc}" -g "${tests[@]/%/.o}" "$objects"/*.o \
        -lpthread -o "$work/$program"
}

# Changes src/FILE by a perl substitution and compiles it; 1 when it does not fit.
change() # FILE SUBSTITUTION OBJECTS
{
    local base define=()
    base=$(basename "$1" .c)
    perl -0pe "$2" "src/$1" >"$work/src/$1"
    if cmp -s "src/$1" "$work/src/$1"; then
        return 1
    fi
    [ "$3" = plain ] || define=(-DPN_CRASH_POINTS)
    cp "$work/$3/$base.o" "$work/sound/"
    compile "$work/$3/$base.o" "$work/src/$1" "${define[@]}"
}

# mutant NAME FILE SUBSTITUTION [FILE SUBSTITUTION] -- PROGRAM ARGUMENT...
mutant()
{
    local name=$1 changes=() objects=plain program fits=yes i
    shift
    [ "$only" = "  " ] || [[ $only == *" $name "* ]] || return 0
    tried=$((tried + 1))
    while [ "$1" != -- ]; do
        changes+=("$1")
        shift
    done
    program=$2
    shift 2
    [ "$program" != torture ] || objects=points
    for ((i = 0; i < ${#changes[@]}; i += 2)); do
        change "${changes[i]}" "${changes[i + 1]}" $objects || fits=no
    done
    link "$program" "$work/$objects"
    if [ $fits = no ]; then
        echo "not ok $tried - $name: the change does not fit the source any more"
        failed+=("$name")
    elif (timeout 120 "$work/$program" "$@" >"$work/log" 2>&1) 2>/dev/null; then
        echo "not ok $tried - $name: $program passes on a broken store"
        failed+=("$name")
    else
        echo "ok $tried - $name: $(grep -m1 -E 'FAILURE|not so|# (a|an|the) |# step|^not ok' \
            "$work/log" || echo "$program failed")"
    fi
    for ((i = 0; i < ${#changes[@]}; i += 2)); do
        cp "src/${changes[i]}" "$work/src/${changes[i]}"
    done
    find "$work/sound" -name '*.o' -exec mv {} "$work/$objects/" \;
}

prepare

# R1: an item's bucket gets a new version before its bytes are used again.
mutant no-version store/index.c \
    's/atomic_fetch_add_explicit\(&b->version, 1, memory_order_acq_rel\);//' \
    -- torture --seconds 20
# The reader's half of it.
mutant no-recheck store/read.c \
    's/== look->version \? rc : AGAIN/== look->version ? rc : rc/' \
    -- torture --seconds 20
# The same for a large value: its generations, and its slot after the copy. Each alone
# is enough, so both go. (Here and below an empty loop widens the moment that matters;
# by itself it breaks nothing.)
mutant no-large-recheck \
    store/large.c 's/(return) (atomic_load_explicit\(&seg->gen, memory_order_relaxed\) == gen);/$1 1;/;
        s/(pn_copy_out\(to, from, step\);)/for (volatile int i = 0; i < 30000; i++) { } $1/' \
    store/read.c 's/is_intact && rc >= 0/(is_intact || rc >= 0)/' \
    -- torture --seconds 20
# R3: an item that moves is published at its new place before the old one is cleared,
mutant move-swapped \
    store/index.c 's/(pn_index_publish\(st, pb, slot, w\);)(.*?)(pn_index_publish\(st, pb, from, 0\);)/$3 for (volatile int i = 0; i < 500; i++) { } $1/s' \
    -- lin_check 8
# with a version in between.
mutant move-one-version \
    store/index.c 's/pn_index_publish\(st, pb, slot, w\);.*?pn_index_publish\(st, pb, from, 0\);/for (volatile int i = 0; i < 2000; i++) { } atomic_store(slot, w); atomic_store(from, 0); for (volatile int i = 0; i < 10000; i++) { } bump(st, pb);/s' \
    store/read.c 's/\} while \(pn_run_next\(st, pb, &run\)\);/for (volatile int i = 0; i < 3000; i++) { } $&/' \
    -- lin_check 10
# A dead writer's shard is put right before anybody goes in.
mutant no-recovery store/lock.c 's/pn_recover_shard\(st, shard\);//' -- torture --seconds 20
# Nobody takes a lock because its holder is slow.
mutant lock-stolen store/lock.c \
    's/(if \(err == ETIMEDOUT \|\| err == EBUSY\) \{\s*return )PN_BUSY/$1PN_OK/' \
    -- torture --seconds 20
# A value that was cleared while it was being moved stays cleared.
mutant move-uncleared store/segment.c \
    's/seg->clear_gen == app->when.clear_gen &&//' -- model_store 20000 1
# The whole key is compared, not its hash alone.
mutant no-key-compare store/read.c \
    's/!pn_shared_equal\([^)]*\)/0/' \
    -- test_read
# Expiry is exact: at the millisecond, not after it.
mutant expiry-late store/store.c \
    's/item->exp_ms <= item->now_ms/item->exp_ms < item->now_ms/' -- test_expire
# A lease that was ended does not store.
mutant no-fence store/lease.c 's/rec->token == lease->token &&/1 \&\&/' -- model_store 20000 1
# A tag's invalidation is seen.
mutant no-tags store/tag.c 's/tag\.gen\) \{\s*return false;/tag.gen) {/' -- model_store 20000 1
# The third recovery in a row empties the shard.
mutant never-wiped store/recover.c 's/sh->attempts < ATTEMPTS_MAX &&//' -- test_recover

echo "1..$tried"
if [ ${#failed[@]} -gt 0 ]; then
    echo "# without teeth: ${failed[*]}"
    exit 1
fi
