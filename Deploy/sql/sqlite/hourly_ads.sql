-- Impressions, clicks and sessions per ad and hour, of a view by ad_id with a period of 1h.
--   sqlite3 FILE ".param set :view ad_1h" ".param set :start '''2026-01-04T23:00:00Z'''" \
--     ".param set :end '''2026-01-05T23:00:00Z'''" ".read hourly_ads.sql"
-- Times are UTC: SQLite knows no time zones. Sessions are distinct within one window: an hourly view
-- counts each once an hour.
SELECT window_start AS hour, ad_id, impressions, clicks, sessions,
       printf('%d.%06d', spend_micros / 1000000, spend_micros % 1000000) AS spend, final
FROM rollups
WHERE view = :view AND window_start >= :start AND window_start < :end AND ad_id <> '(unattributed)'
ORDER BY window_start, ad_id;
