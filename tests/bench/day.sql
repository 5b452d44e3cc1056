-- A day of an Airflow: dags DAGs of 100 tasks, with so many runs each, the last of which is running.
-- Every 211th run has failed, with its last task; each running run has a task that runs, one queued, one scheduled,
-- and of every fourth one that is deferred. A killed scheduler and a broken file are there as well.
INSERT INTO dag_bundle (name, active) VALUES ('dags-folder', true) ON CONFLICT DO NOTHING;

INSERT INTO dag (dag_id, is_paused, is_stale, last_parsed_time, last_parse_duration, fileloc, relative_fileloc,
    bundle_name, owners, dag_display_name, timetable_type, timetable_summary, timetable_description, timetable_periodic,
    partition_mapper_info, max_active_tasks, max_active_runs, max_consecutive_failed_dag_runs,
    has_task_concurrency_limits, next_dagrun, next_dagrun_data_interval_start, next_dagrun_data_interval_end,
    next_dagrun_create_after)
SELECT id, false, false, now(), 0.05, '/dags/' || id || '.py', id || '.py', 'dags-folder', 'team', id,
    'airflow.timetables.trigger.CronTriggerTimetable', '* * * * *', 'Every', true, '{}', 16, 16, 0, false,
    due, due, due, due
FROM (SELECT 'dag_' || lpad(n::text, 4, '0') AS id, now() + n * interval '1 second' AS due
      FROM generate_series(1, %(dags)s) n) d;

INSERT INTO dag_version (id, version_number, dag_id, bundle_name, created_at, last_updated)
SELECT gen_random_uuid(), 1, dag_id, bundle_name, now(), now() FROM dag;

INSERT INTO dag_run (dag_id, run_id, run_type, state, queued_at, logical_date, data_interval_start, data_interval_end,
    run_after, start_date, end_date, updated_at, created_at, log_template_id, created_dag_version_id, conf, triggered_by)
SELECT d.dag_id, 'scheduled__' || to_char(due AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00', 'scheduled',
    CASE WHEN n = %(runs)s THEN 'running' WHEN (n * 7 + d.number) %% 211 = 0 THEN 'failed' ELSE 'success' END,
    due, due, due, due, due, due + interval '2 seconds',
    CASE WHEN n < %(runs)s THEN due + (62 + (n * 13 + d.number) %% 400) * interval '1 second' END,
    now(), due, 1, v.id, '{}', 'TIMETABLE'
FROM (SELECT dag_id, row_number() OVER (ORDER BY dag_id) AS number FROM dag) d
JOIN dag_version v USING (dag_id)
CROSS JOIN generate_series(1, %(runs)s) n
CROSS JOIN LATERAL (SELECT now() - interval '24 hours' + n * (interval '23 hours' / %(runs)s)
    + d.number * interval '7 seconds' AS due) moment;

INSERT INTO task_instance (id, task_id, dag_id, run_id, map_index, start_date, end_date, duration, state, try_number,
    max_tries, hostname, unixname, pool, pool_slots, queue, priority_weight, operator, custom_operator_name,
    queued_dttm, scheduled_dttm, updated_at, dag_version_id, task_display_name, executor_config)
SELECT gen_random_uuid(), 'task_' || lpad(n::text, 3, '0'), r.dag_id, r.run_id, -1, r.start_date + n * interval '0.5 s',
    r.start_date + n * interval '0.5 s' + interval '20 s', 20,
    CASE WHEN r.state = 'running' AND n >= 96 THEN
            CASE n WHEN 96 THEN CASE WHEN r.id %% 4 = 0 THEN 'deferred' ELSE 'success' END
                WHEN 97 THEN 'running' WHEN 98 THEN 'queued' WHEN 99 THEN 'scheduled' END
        WHEN r.state = 'failed' AND n = 100 THEN 'failed' ELSE 'success' END,
    1, 2, 'worker-' || (r.id + n) %% 8, 'airflow', 'default_pool', 1, 'default', 1, 'BashOperator', 'BashOperator',
    r.start_date, r.start_date, now(), r.created_dag_version_id, 'task_' || lpad(n::text, 3, '0'), '\x80047d942e'
FROM dag_run r CROSS JOIN generate_series(1, 100) n;

INSERT INTO job (state, job_type, start_date, latest_heartbeat, hostname, unixname)
SELECT state, job_type, now() - interval '5 hours', now() - age, hostname, 'airflow' FROM (VALUES
    ('running', 'SchedulerJob', 'node-a', interval '0'), ('failed', 'SchedulerJob', 'node-b', interval '20 minutes'),
    ('running', 'DagProcessorJob', 'node-a', interval '0'), ('running', 'TriggererJob', 'node-a', interval '0')
) job (state, job_type, hostname, age);

INSERT INTO import_error ("timestamp", filename, bundle_name, stacktrace)
VALUES (now(), 'broken.py', 'dags-folder', 'ModuleNotFoundError: No module named ''no_such_module''');
