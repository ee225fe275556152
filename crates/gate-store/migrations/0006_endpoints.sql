-- Webhook operations: what an endpoint takes, the secrets that it rolled, replays in bulk, and the
-- sandbox's faults.

alter table endpoints add column event_types text not null default '["*"]';
alter table endpoints add column description text;
alter table endpoints add column disabled_reason text;
alter table endpoints add column updated_at bigint;
-- A removed endpoint keeps its row: its deliveries still tell where they went.
alter table endpoints add column deleted_at bigint;
-- Since when every event is meant for it without a break; null while a filter or a pause keeps some
-- away. The auditor proves by it that no event was forgotten.
alter table endpoints add column takes_all_since bigint;
update endpoints set updated_at = created_at;
update endpoints set takes_all_since = created_at where status = 'enabled';
create index endpoints_kept on endpoints (partner_id, mode, id) where deleted_at is null;
-- The webhook worker knows an endpoint by its id alone.
create index endpoints_by_id on endpoints (id);

-- Secrets that were replaced and still sign until their end.
create table rolled_secrets (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    endpoint_id text not null,
    -- A higher number is a newer secret.
    number bigint not null,
    secret_sealed bytea not null,
    ends_at bigint not null,
    primary key (partner_id, mode, endpoint_id, number)
);
create index rolled_secrets_by_end on rolled_secrets (ends_at);

-- The sandbox can let later events of a session overtake one; everywhere else this is 0.
alter table deliveries add column overtaken bigint not null default 0;
create index deliveries_by_endpoint on deliveries (partner_id, mode, endpoint_id, id);
create index deliveries_by_event on deliveries (partner_id, mode, event_id, id);

-- What an event without a session is about: events about the same go out in order.
alter table events add column subject text;
create index events_by_type on events (partner_id, mode, type, sequence);
create index events_by_session on events (partner_id, mode, session_id, sequence)
    where session_id is not null;

create table webhook_replays (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    status text not null check (status in ('running', 'done', 'cancelled')),
    -- What is to be delivered again, as JSON.
    selection text not null,
    -- Places in the feed: where it began, how far it is, and the last one that it looks at.
    first_place bigint not null,
    place bigint not null,
    last_place bigint not null,
    examined bigint not null,
    queued bigint not null,
    rate_per_second bigint not null,
    -- When to take the next step; null once it has ended.
    next_step_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
create index webhook_replays_due on webhook_replays (next_step_at) where next_step_at is not null;
create index webhook_replays_running on webhook_replays (partner_id, mode)
    where next_step_at is not null;

-- Faults that a partner asked for in the sandbox, in percent of its deliveries.
create table webhook_chaos (
    partner_id text not null,
    mode text not null check (mode = 'test'),
    duplicate bigint not null,
    delay bigint not null,
    lose bigint not null,
    reorder bigint not null,
    seed bigint not null,
    ends_at bigint not null,
    primary key (partner_id, mode)
);
