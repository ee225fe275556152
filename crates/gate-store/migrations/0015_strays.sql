-- Networks on which users share an address: what comes there without the memo of any of them.

-- A stray transfer belongs to no partner before a person has found out whose it is.
create table strays (
    id text not null primary key,
    mode text not null check (mode in ('test', 'live')),
    -- Where it went, with the memo that it had.
    address text not null,
    -- How much of what, as JSON.
    amount text not null,
    network text not null,
    transfer text not null,
    -- The deposit that it was found to be.
    deposit_id text,
    created_at bigint not null,
    updated_at bigint not null
);
-- A transfer is written down once, however often it is told.
create unique index strays_once on strays (mode, network, transfer);
create index strays_waiting on strays (mode, id) where deposit_id is null;
