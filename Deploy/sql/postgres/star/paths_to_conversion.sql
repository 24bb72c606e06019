-- Paths to a conversion, the most frequent first: channels in order, the same one after itself once.
--   psql DATABASE -v from=2026-01-01 -v to=2026-02-01 -f paths_to_conversion.sql
-- The models differ in their shares only, so that one of them has all paths.
WITH steps AS (
  SELECT conversion_id, position, channel,
         lag(channel) OVER (PARTITION BY conversion_id ORDER BY position) AS former
  FROM fact_credits
  WHERE date >= :'from'::date AND date < :'to'::date
    AND model = (SELECT min(model) FROM fact_credits)
), paths AS (
  SELECT conversion_id, string_agg(channel, ' > ' ORDER BY position) AS path
  FROM steps
  WHERE former IS DISTINCT FROM channel
  GROUP BY conversion_id
)
SELECT path, count(*) AS conversions, round(sum(value_micros) / 1000000, 6) AS value
FROM paths JOIN fact_conversions USING (conversion_id)
GROUP BY path
ORDER BY conversions DESC, path COLLATE "C";
