-- The 100 ads that reached the most users in a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -f 23_reach_by_ad.sql
WITH reached AS (
  SELECT ad_id, user_id, sum(touches) AS touches
  FROM users
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY ad_id, user_id
)
SELECT ad_id, count(*) AS users, sum(touches) AS touches
FROM reached
GROUP BY ad_id
ORDER BY users DESC, ad_id COLLATE "C"
LIMIT 100;
