-- One ad: how many different users it reached in a range, and how often each saw or clicked it.
--   sqlite3 FILE ".param set :ad '''ad-1'''" ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 22_reach.sql"
WITH reached AS (
  SELECT user_id, sum(touches) AS touches
  FROM users
  WHERE ad_id = :ad AND hour >= :from AND hour < :to
  GROUP BY user_id
)
SELECT count(*) AS users, sum(touches) AS touches, max(touches) AS most
FROM reached;
