-- Customers, looks, the partner's own names of sessions, and time that was moved on in the sandbox.

create table customers (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    -- Keyed hashes, so that what rests sealed can be found. They outlive the person's data: an
    -- address and an external id stay taken after the customer was deleted.
    email_hash bytea not null,
    external_id_hash bytea,
    -- Everything about the person, and what create answered. Null after the customer was deleted.
    person_sealed bytea,
    answer_sealed bytea,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    primary key (partner_id, mode, id)
);
create unique index customers_by_email on customers (partner_id, mode, email_hash);
create unique index customers_by_external_id on customers (partner_id, mode, external_id_hash)
    where external_id_hash is not null;
create index customers_listed on customers (partner_id, mode, id) where deleted_at is null;

-- The events that carry a customer's record, so that they can be emptied when it is deleted.
create table customer_events (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    customer_id text not null,
    event_id text not null,
    primary key (partner_id, mode, customer_id, event_id)
);

create table brandings (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    brand_name text,
    logo_url text,
    primary_color text,
    secondary_color text,
    accent_color text,
    updated_at bigint not null,
    primary key (partner_id, mode)
);

-- The partner's own name of a session, with the SHA-256 of the body that made it.
create table client_references (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    reference text not null,
    fingerprint bytea not null,
    session_id text not null,
    created_at bigint not null,
    primary key (partner_id, mode, reference)
);

-- How far a session's time was moved on by the sandbox, for limits that count from an instant
-- that partners see and that therefore stays.
create table time_shifts (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    session_id text not null,
    number bigint not null,
    shifted_at bigint not null,
    by_ms bigint not null,
    primary key (partner_id, mode, session_id, number)
);
create index commands_unfinished on commands (session_id) where due_at is not null;
