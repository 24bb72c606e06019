-- One ad: how many users saw or clicked it, hour by hour.
--   sqlite3 FILE ".param set :ad '''ad-1'''" ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 21_users_by_hour.sql"
-- Hours and days are UTC: SQLite knows no time zones.
SELECT hour AS hour, count(*) AS users, sum(touches) AS touches
FROM users
WHERE ad_id = :ad AND hour >= :from AND hour < :to
GROUP BY users.hour
ORDER BY users.hour;
