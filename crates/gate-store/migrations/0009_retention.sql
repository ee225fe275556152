-- How far events were removed because their time was over: a feed begins behind this place.
create table feed_beginnings (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    removed_through bigint not null,
    primary key (partner_id, mode)
);
