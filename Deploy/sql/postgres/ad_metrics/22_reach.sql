-- One ad: how many different users it reached in a range, and how often each saw or clicked it.
--   psql DATABASE -v ad=ad-1 -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 22_reach.sql
WITH reached AS (
  SELECT user_id, sum(touches) AS touches
  FROM users
  WHERE ad_id = :'ad' AND hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY user_id
)
SELECT count(*) AS users, sum(touches) AS touches, max(touches) AS most
FROM reached;
