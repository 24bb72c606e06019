-- Who got how much of each conversion under one model: a line per conversion and touch.
--   psql DATABASE -v model=linear -f credits.sql
SELECT conversion_id, event_time, touch ->> 'campaign_id' AS campaign_id,
       touch ->> 'channel' AS channel, touch ->> 'ad_id' AS ad_id,
       (credit -> :'model' ->> (place - 1)::integer)::numeric AS credit,
       (revenue -> :'model' ->> (place - 1)::integer)::numeric AS revenue
FROM attributions, jsonb_array_elements(touches) WITH ORDINALITY AS list (touch, place)
ORDER BY conversion_id COLLATE "C", place;
