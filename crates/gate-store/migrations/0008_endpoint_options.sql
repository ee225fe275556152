-- How much an event says to an endpoint, and whether it is signed with the endpoint's key pair too.
alter table endpoints add column payload text not null default 'full'
    check (payload in ('full', 'thin'));
alter table endpoints add column key_pair_signs bigint not null default 0
    check (key_pair_signs in (0, 1));

-- Headers of the endpoint's own: their names as a JSON list, and all of them sealed.
alter table endpoints add column header_names text;
alter table endpoints add column headers_sealed bytea;
