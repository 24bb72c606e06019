-- One ad: how many users saw or clicked it, hour by hour.
--   psql DATABASE -v ad=ad-1 -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 21_users_by_hour.sql
SELECT hour AT TIME ZONE :'zone' AS hour, count(*) AS users, sum(touches) AS touches
FROM users
WHERE ad_id = :'ad' AND hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
GROUP BY users.hour
ORDER BY users.hour;
