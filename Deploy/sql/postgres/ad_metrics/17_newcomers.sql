-- Ads whose first hour lies in a range.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 17_newcomers.sql
WITH firsts AS (
  SELECT ad_id, min(hour) AS hour FROM ad_metrics GROUP BY ad_id
)
SELECT ad_id, hour AT TIME ZONE :'zone' AS first_hour
FROM firsts
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
ORDER BY firsts.hour, ad_id COLLATE "C";
