-- What is held because it may stand on a list of sanctions, until people decide.

create table screenings (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    kind text not null check (kind in ('name', 'address')),
    -- A keyed hash, so that what rests sealed can be found.
    subject_hash bytea not null,
    -- The name or the address, and whom it may be.
    finding_sealed bytea not null,
    status text not null check (status in ('waiting', 'released', 'blocked')),
    -- Who decided what, as JSON.
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
-- The same thing is held once in a session, and what was decided about it holds there.
create unique index screenings_once on screenings
    (partner_id, mode, session_id, kind, subject_hash);
create index screenings_listed on screenings (partner_id, mode, status, id);
create index screenings_waiting on screenings (id) where status = 'waiting';
