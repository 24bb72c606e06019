-- Impressions, clicks and sessions per ad and hour, of a view by ad_id with a period of 1h.
--   psql DATABASE -v view=ad_1h -v day=2026-01-05 -v zone=Europe/Berlin -f hourly_ads.sql
-- Sessions are distinct within one window: an hourly view counts each once an hour.
SELECT window_start AT TIME ZONE :'zone' AS hour, ad_id, impressions, clicks, sessions,
       round(spend_micros / 1000000::numeric, 6) AS spend, final
FROM rollups
WHERE view = :'view'
  AND window_start >= (:'day'::date)::timestamp AT TIME ZONE :'zone'
  AND window_start < (:'day'::date + 1)::timestamp AT TIME ZONE :'zone'
  AND ad_id <> '(unattributed)'
ORDER BY window_start, ad_id COLLATE "C";
