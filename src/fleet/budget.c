#include "fleet/state.h"

/*
 * A token bucket: each request earns retry_percent hundredths of a retry, each retry
 * costs a whole one. FLOOR retries come back at one a second, so that a client with ten
 * requests a minute may repeat some. No second spends more than a quarter of what is
 * there (and what that second earns): an outage lasts for seconds, and a bucket that is
 * empty after the first one cannot help when the replica has been promoted.
 */
enum {
    WHOLE = 100,
    FLOOR = 10 * WHOLE,
    CAP = 1000 * WHOLE, /* of 10,000 requests: beyond, a quiet hour pays for a storm */
    SHARE = 4,
    SECOND_MIN = 3 * WHOLE,
};

#define RETRY_BACKOFF (10 * FLEET_MS)

void
fleet_budget_init(struct pn_fleet *fleet, uint64_t now)
{
    fleet->budget = (struct fleet_budget){
        .tokens = FLOOR, .allowed = SECOND_MIN, .second_at = now, .floor_at = now};
}

static void
refill(struct fleet_budget *budget, uint64_t now)
{
    uint64_t seconds = (now - budget->floor_at) / FLEET_S;
    budget->floor_at += seconds * FLEET_S;
    if (budget->tokens < FLOOR) {
        uint64_t more = seconds < FLOOR / WHOLE ? seconds * WHOLE : FLOOR;
        budget->tokens = budget->tokens + more < FLOOR ? budget->tokens + more : FLOOR;
    }
    if (now - budget->second_at >= FLEET_S) {
        uint64_t share = budget->tokens / SHARE;
        budget->second_at = now;
        budget->allowed = share > SECOND_MIN ? share : SECOND_MIN;
    }
}

void
pn_fleet_spend(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_budget *budget = &fleet->budget;
    (void)now;
    budget->tokens += fleet->opts.retry_percent;
    budget->allowed += fleet->opts.retry_percent;
    if (budget->tokens > CAP) {
        budget->tokens = CAP;
    }
}

uint64_t
pn_fleet_retry(struct pn_fleet *fleet, uint32_t attempt, uint64_t now)
{
    struct fleet_budget *budget = &fleet->budget;
    if (attempt < 2) {
        return now;
    }
    if (attempt - 1 > fleet->opts.retries_max) {
        return PN_NEVER;
    }
    refill(budget, now);
    if (budget->tokens < WHOLE || budget->allowed < WHOLE) {
        fleet->counters.retries_denied++;
        return PN_NEVER;
    }
    budget->tokens -= WHOLE;
    budget->allowed -= WHOLE;
    fleet->counters.retries++;
    /* The first one at once: most often the connection was stale, the next is not. */
    uint32_t doublings = attempt - 2 < 10 ? attempt - 2 : 10;
    return attempt == 2 ? now : now + fleet_draw(fleet, RETRY_BACKOFF << doublings);
}

bool
pn_fleet_may_redirect(const struct pn_fleet *fleet, uint32_t redirects)
{
    return redirects < fleet->opts.redirects_max;
}
