-- Keys get a name, an access, a successor and an end; the deployment remembers which master key its
-- secrets rest under.

alter table api_keys add column name text;
alter table api_keys add column access text not null default 'full'
    check (access in ('full', 'read_only', 'sessions'));
-- The key that took its place when it was rolled.
alter table api_keys add column replaced_by text;
alter table api_keys add column revoked_at bigint;
alter table api_keys add column last_used_at bigint;

-- Facts about the deployment as a whole, such as what tells its master key from another one.
create table deployment (
    name text not null primary key,
    value bytea not null,
    created_at bigint not null
);
