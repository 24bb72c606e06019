-- The 100 ads that reached the most users in a range.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 23_reach_by_ad.sql"
WITH reached AS (
  SELECT ad_id, user_id, sum(touches) AS touches
  FROM users
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id, user_id
)
SELECT ad_id, count(*) AS users, sum(touches) AS touches
FROM reached
GROUP BY ad_id
ORDER BY users DESC, ad_id
LIMIT 100;
