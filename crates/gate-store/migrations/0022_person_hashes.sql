-- Whom verifiers have approved a user as: keyed hashes of a name with the day of birth, and of a document.
-- Users who have one in common are the same person and share their limits, so none is forgotten when
-- another one comes, nor when the person is erased.
create table person_hashes (
    mode text not null check (mode in ('test', 'live')),
    user_id text not null,
    person_hash bytea not null,
    primary key (mode, user_id, person_hash)
);
create index person_hashes_by_hash on person_hashes (mode, person_hash, user_id);
insert into person_hashes (mode, user_id, person_hash)
    select mode, id, person_hash from users where person_hash is not null;

-- A process of the version before, which knows the last one only, may go on beside this one.
-- on postgres:
create function keep_person_hash() returns trigger language plpgsql as $$
    begin
        insert into person_hashes (mode, user_id, person_hash)
            values (new.mode, new.id, new.person_hash) on conflict do nothing;
        return null;
    end $$;
create trigger users_person_hash_kept after update of person_hash on users
    for each row when (new.person_hash is not null) execute function keep_person_hash();
-- on both:
