-- The 100 ads that reached the most users in the last 24 hours before an instant.
--   sqlite3 FILE ".param set :to '''2026-02-01T00:00:00Z'''" ".read 23_reach_by_ad.sql"
WITH reached AS (
  SELECT ad_id, user_id, sum(touches) AS touches
  FROM users
  WHERE hour >= strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(:to) - 86400, 'unixepoch') AND hour < :to
  GROUP BY ad_id, user_id
)
SELECT ad_id, count(*) AS users, sum(touches) AS touches
FROM reached
GROUP BY ad_id
ORDER BY users DESC, ad_id
LIMIT 100;
