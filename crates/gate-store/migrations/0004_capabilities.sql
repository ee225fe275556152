-- What an operator decides about capabilities while the gateway runs.

-- What is switched off: only that has a row. An empty partner means every partner, an empty mode
-- both modes.
create table switches (
    partner_id text not null,
    mode text not null check (mode in ('', 'test', 'live')),
    kind text not null check (kind in ('country', 'currency', 'asset', 'network', 'payment_method',
        'payout_method', 'flow')),
    subject text not null,
    reason text not null,
    actor text not null,
    since bigint not null,
    primary key (partner_id, mode, kind, subject)
);

-- What a partner may do where it differs from what everybody may: entitlements, restrictions.
create table partner_terms (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    terms text not null,
    actor text not null,
    updated_at bigint not null,
    primary key (partner_id, mode)
);

-- Who changed what, when and why. Its last revision is what processes compare their own with.
create table capability_changes (
    revision bigint not null primary key,
    partner_id text not null,
    mode text not null check (mode in ('', 'test', 'live')),
    change text not null check (change in ('switched_off', 'switched_on', 'terms_set')),
    subject text not null,
    reason text not null,
    actor text not null,
    created_at bigint not null
);

-- One row, locked by whoever changes anything, so that revisions are taken in commit order.
create table capability_revision (
    id bigint not null primary key check (id = 1),
    revision bigint not null
);
insert into capability_revision (id, revision) values (1, 0);
