-- A sale or a swap whose tokens came too late may go on at another price: from then on it promises
-- another amount. Once, because it goes on at once.
create table hold_changes (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    subject text not null,
    units text not null,
    created_at bigint not null,
    primary key (partner_id, mode, subject)
);

-- What is under way at another price already, which does not bring what is held: the money of a sale, the
-- tokens of a swap.
-- on sqlite:
insert into hold_changes (partner_id, mode, subject, units, created_at)
    select h.partner_id, h.mode, h.subject,
        json_extract(q.body, case when json_extract(q.body, '$.side') = 'off_ramp'
            then '$.fiat.units' else '$.crypto.units' end),
        q.created_at
    from holds h
    join transactions t on t.partner_id = h.partner_id and t.mode = h.mode and t.id = h.subject
    join quotes q on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    left join hold_ends e
        on e.partner_id = h.partner_id and e.mode = h.mode and e.subject = h.subject
    where e.subject is null
        and h.units <> json_extract(q.body, case when json_extract(q.body, '$.side') = 'off_ramp'
            then '$.fiat.units' else '$.crypto.units' end);
create trigger hold_changes_stay before update on hold_changes
    begin select raise(abort, 'hold_changes is append-only'); end;
create trigger hold_changes_remain before delete on hold_changes
    begin select raise(abort, 'hold_changes is append-only'); end;
-- on postgres:
insert into hold_changes (partner_id, mode, subject, units, created_at)
    select h.partner_id, h.mode, h.subject,
        q.body::jsonb #>> case when q.body::jsonb ->> 'side' = 'off_ramp'
            then '{fiat,units}'::text[] else '{crypto,units}'::text[] end,
        q.created_at
    from holds h
    join transactions t on t.partner_id = h.partner_id and t.mode = h.mode and t.id = h.subject
    join quotes q on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    left join hold_ends e
        on e.partner_id = h.partner_id and e.mode = h.mode and e.subject = h.subject
    where e.subject is null
        and h.units <> q.body::jsonb #>> case when q.body::jsonb ->> 'side' = 'off_ramp'
            then '{fiat,units}'::text[] else '{crypto,units}'::text[] end;
create trigger hold_changes_stay before update on hold_changes
    for each statement execute function refuse_change();
create trigger hold_changes_remain before delete or truncate on hold_changes
    for each statement execute function refuse_change();
-- on both:
