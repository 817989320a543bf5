#include "policy.h"

uint32_t
policy_capacity(const struct trace *trace, uint32_t permille)
{
    uint32_t capacity = (uint32_t)(((uint64_t)trace->distinct * permille + 500) / 1000);

    return capacity < 2 ? 2 : capacity;
}

int
policy_replay(const struct policy_kind *kind, const struct trace *trace,
              uint32_t capacity, uint64_t *hits)
{
    struct policy *policy = kind->open(trace->distinct, capacity);
    uint64_t count = 0;

    if (policy == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < trace->n; i++) {
        count += kind->access(policy, trace->id[i]);
    }
    kind->close(policy);
    *hits = count;
    return 0;
}
