#!/usr/bin/env bash
# teeth - does the simulation bite? Breaks src/fleet on purpose, one rule at a time, and
# demands that the short run (the test of every build) fails.
#
#   tests/sim/teeth.sh [NAME...]      all mutants, or those named
#
# A mutant is a copy of the sources with one change, built and run in a temporary
# directory. A change that does not fit the source any more fails too: then the mutant
# has to be written anew. docs/design/0023-fleet.md lists them.
# shellcheck disable=SC2016 # the substitutions are perl's
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=c11 -O2 -fno-common -Iinclude -I"$work/src")
only=" $* "
failed=()
tried=0

compile() # OBJECT SOURCE
{
    "${CC:-cc}" "${flags[@]}" -c "$2" -o "$1"
}

prepare()
{
    local file
    cp -r src "$work/src"
    for file in src/base/*.c src/place/*.c src/fleet/*.c; do
        compile "$work/${file//\//_}.o" "$work/$file"
    done
    cp -r src/fleet "$work/sound"
    mkdir "$work/sim" "$work/unit"
    for file in tests/sim/*.c; do
        compile "$work/sim/$(basename "$file" .c).o" "$file"
    done
}

rebuild() # FILE: what depends on it
{
    local file
    for file in "$work"/sound/*.c; do
        file=src/fleet/$(basename "$file")
        if [[ $1 == *.h || $1 == "$file" ]]; then
            compile "$work/${file//\//_}.o" "$work/$file"
        fi
    done
}

run() # TEST: false when it is content
{
    if [ "$1" = sim ]; then
        "${CC:-cc}" "$work"/*.o "$work"/sim/*.o -lm -lpthread -o "$work/test"
    else
        "${CC:-cc}" "${flags[@]}" -Itests/support "tests/unit/$1.c" "$work"/*.o \
            -lm -lpthread -o "$work/test"
    fi
    ! timeout 300 "$work/test" >"$work/log" 2>&1
}

# mutant NAME FILE SUBSTITUTION [TEST]: changes src/fleet/FILE by a perl substitution;
# TEST (sim: the simulation) must fail.
mutant()
{
    local name=$1 file=src/fleet/$2 test=${4:-sim}
    [ "$only" = "  " ] || [[ $only == *" $name "* ]] || return 0
    tried=$((tried + 1))
    perl -0pe "$3" "$work/sound/$2" >"$work/$file"
    if cmp -s "$work/sound/$2" "$work/$file"; then
        echo "not ok $tried - $name: the change does not fit the source any more"
        failed+=("$name")
    else
        rebuild "$file"
        if run "$test"; then
            echo "ok $tried - $name: $(grep -m1 '^# ' "$work/log" || echo 'it crashed')"
        else
            echo "not ok $tried - $name: $test is content"
            failed+=("$name")
        fi
    fi
    cp "$work/sound/$2" "$work/$file"
    rebuild "$file"
}

prepare
if run sim; then
    echo "Bail out! it fails without a mutation: $(grep -m1 '^# ' "$work/log")"
    exit 1
fi

# ---- Queries ---------------------------------------------------------------------
mutant no-cooldown refresh.c \
    's/uint64_t wait = fleet->opts\.refresh_forced \* .*?;/uint64_t wait = 0; (void)times; (void)most;/s'
mutant ready-at-ignored refresh.c 's/is_wanted \? refresh->ready_at : PN_NEVER/is_wanted ? 0 : PN_NEVER/'
mutant slow-when-urgent refresh.c 's/fleet_is_urgent\(fleet\) \? URGENT : FORCED_MAX/FORCED_MAX/'
mutant downs-ask-at-once health.c 's/fleet_want_some_time\(fleet, now\);/fleet_want(fleet, now);/'
mutant no-unforced-jitter refresh.c 's/fleet_draw\(fleet, fleet->opts\.refresh_jitter\)/0/'
mutant cut-off-asked ask.c 's/if \(node->refused_at != 0\) \{/if (0) {/; s/node->well_at >= since \? TRUST_PROVEN/0 ? TRUST_PROVEN/'
mutant cut-off-not-urgent health.c \
    's/(well_at > node->refused_at\) \{\s*)fleet_want_urgently/$1fleet_want_some_time/' \
    test_refresh
mutant any-map-believed believe.c 's/if \(refresh->known != 0 && \(is_odd \|\| gave_way\(refresh, hash\)\)\) \{/if (0 \&\& is_odd \&\& gave_way(refresh, hash)) {/; ' \
    test_believe
mutant adopted-not-cooled refresh.c 's/plan_period\(fleet, now\);\s*cool_down\(fleet\);\s*\}\s*bool\s*fleet_is_deaf/plan_period(fleet, now);\n}\n\nbool\nfleet_is_deaf/s'
mutant elsewhere-asks-too task.c 's/(pn_fleet_task_elsewhere.*?)if \(!pn_fleet_task_stands\(fleet, task\)\)/$1if (1)/s' \
    test_task
mutant failures-not-shared load.c 's/fleet_refresh_warned\(fleet, reading\.failed_at, reading\.failed\) \|\|/0 ||/' \
    test_load
# ---- Dials and probes ------------------------------------------------------------
mutant no-dial-backoff dial.c 's/node->dial_at = now \+ fleet_draw\(fleet, window\);/node->dial_at = now; (void)window;/'
mutant dials-not-jittered dial.c 's/now \+ fleet_draw\(fleet, window\);/now + window;/' \
    test_dial
mutant dials-unbounded dial.c 's/node->dialling >= fleet->opts\.dials_at_once/0/' \
    test_dial
mutant dials-never-end dial.c 's/(fleet_dial_stood.*?)node->dialling -= node->dialling > 0;/$1/s'
mutant down-is-dialled dial.c 's/node->shown\.health == PN_NODE_DOWN && fleet_is_probed\(node\)/0/' \
    test_dial
mutant probes-do-not-wait health.c 's/fleet_later\(now, half \+ fleet_draw\(fleet, half\)\)/now; (void)half/'
mutant probes-unclaimed task.c 's/(pn_fleet_task_begun.*?)if \(task->kind == PN_TASK_PROBE && .*?\)\) \{/$1if (0) {/s' \
    test_load
mutant never-up health.c 's/(fleet_mark_up\(struct.*?\n\{)/$1 return;/s'
# ---- Requests --------------------------------------------------------------------
mutant down-is-usable state.h 's/node->shown\.health != PN_NODE_DOWN && now >= node->shown\.probe_at/1/'
mutant never-down health.c 's/(fleet_mark_down\(struct.*?\n\{)/$1 return;/s'
mutant no-budget budget.c 's/budget->tokens < WHOLE \|\| budget->allowed < WHOLE/0/'
mutant budget-doubled budget.c 's/budget->tokens \+= fleet->opts\.retry_percent;/budget->tokens += 2 * fleet->opts.retry_percent;/' \
    test_budget
mutant moved-not-kept slots.c 's/fleet_give_slot\(fleet, slot, target\);//' \
    test_slots
mutant apart-is-called health.c 's/leave_alone\(fleet, node, PN_NODE_APART, wait, now\);/(void)wait;/' \
    test_health

echo "1..$tried"
if [ ${#failed[@]} -gt 0 ]; then
    echo "# without teeth: ${failed[*]}"
    exit 1
fi
