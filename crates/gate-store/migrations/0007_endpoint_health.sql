-- How endpoints fare. One that was never in trouble, and has no limit of its own, has no row.
create table endpoint_health (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    endpoint_id text not null,
    state text not null check (state in ('ok', 'throttled', 'paused')),
    since bigint not null,
    -- Until when nothing is sent; null while it is well.
    until bigint,
    failures_in_row bigint not null,
    -- Since when there have been failures only, and when the last of them was.
    failing_since bigint,
    failed_at bigint,
    -- How long the last pause was, before jitter.
    pause_ms bigint not null,
    last_error text,
    warned_at bigint,
    -- Where the limit a second stands, in microseconds.
    tat_us bigint not null,
    -- Nothing of it is claimed before this: the later one of `until` and what the limit says.
    held_until bigint not null,
    primary key (partner_id, mode, endpoint_id)
);
-- The webhook worker knows an endpoint by its id alone.
create index endpoint_health_by_endpoint on endpoint_health (endpoint_id, held_until);

-- What is pending, in two ranges for each endpoint: first tries, and what is tried again.
drop index deliveries_due;
create index deliveries_due on deliveries
    (endpoint_id, (case when failures = 0 then 0 else 1 end), next_attempt_at)
    where status = 'pending';

-- Why an attempt failed, in one word.
alter table attempts add column failure text;

-- How many webhooks a second an endpoint takes, and the waits of its own schedule in seconds, as
-- JSON; null for what everybody gets.
alter table endpoints add column rate_limit bigint;
alter table endpoints add column retry_schedule text;
