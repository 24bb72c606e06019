-- Who got how much of each conversion under one model: a line per conversion and touch.
--   sqlite3 FILE ".param set :model linear" ".read credits.sql"
SELECT conversion_id, event_time, touch.value ->> 'campaign_id' AS campaign_id,
       touch.value ->> 'channel' AS channel, touch.value ->> 'ad_id' AS ad_id,
       json_extract(credit, '$.' || :model || '[' || touch.key || ']') AS credit,
       json_extract(revenue, '$.' || :model || '[' || touch.key || ']') AS revenue
FROM attributions, json_each(touches) AS touch
ORDER BY conversion_id, touch.key;
