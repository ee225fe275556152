-- Every delivery and every command is written several times within a second and looked for by indexes
-- of what is not finished yet. What its old versions leave in them is passed over by each later look
-- until a vacuum takes it out. By itself that comes after a fifth of the table has changed: with ten
-- million deliveries, after two million.

-- on postgres:
alter table deliveries set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
alter table commands set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
-- on both:
