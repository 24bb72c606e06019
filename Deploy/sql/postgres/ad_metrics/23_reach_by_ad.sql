-- The 100 ads that reached the most users in the last 24 hours before an instant.
--   psql DATABASE -v to=2026-02-01T00:00:00Z -f 23_reach_by_ad.sql
WITH reached AS (
  SELECT ad_id, user_id, sum(touches) AS touches
  FROM users
  WHERE hour >= :'to'::timestamptz - INTERVAL '1 day' AND hour < :'to'::timestamptz
  GROUP BY ad_id, user_id
)
SELECT ad_id, count(*) AS users, sum(touches) AS touches
FROM reached
GROUP BY ad_id
ORDER BY users DESC, ad_id COLLATE "C"
LIMIT 100;
