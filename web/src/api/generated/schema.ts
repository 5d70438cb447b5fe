/* Generated from docs/api/openapi.yaml by `npm run api-types`: do not edit. */
export interface components {
    schemas: {
        /** @description RFC 7807, in the words of PeerTube 6.3. `code` is for programs, `invalid-params` names each refused field and what it accepts. */
        Problem: {
            type: string;
            title?: string;
            detail: string;
            instance?: string;
            status: number;
            docs?: string;
            code?: string;
            error: string;
            "invalid-params"?: {
                [key: string]: {
                    type: string;
                    value?: unknown;
                    msg: string;
                    path: string;
                    /** @enum {string} */
                    location: "body" | "query" | "params" | "headers";
                };
            };
            url?: string;
            format?: string;
            reason?: string;
        };
        /** @description How the resumable protocol says no. */
        UploadProblem: {
            error: {
                code: string;
                message: string;
            };
        };
        Choice: {
            id: number | null;
            label: string;
        };
        Constant: {
            id: number;
            label: string;
        };
        LanguageChoice: {
            id: string | null;
            label: string;
        };
        Account: {
            url: string;
            name: string;
            host: string;
            avatars: components["schemas"]["ActorImage"][];
            id: number;
            hostRedundancyAllowed: boolean;
            followingCount: number;
            followersCount: number;
            /** Format: date-time */
            createdAt: string;
            displayName: string;
            description: string | null;
            /** Format: date-time */
            updatedAt: string;
            userId?: number;
        };
        Channel: {
            url: string;
            name: string;
            host: string;
            avatars: components["schemas"]["ActorImage"][];
            id: number;
            hostRedundancyAllowed: boolean;
            followingCount: number;
            followersCount: number;
            /** Format: date-time */
            createdAt: string;
            banners: components["schemas"]["ActorImage"][];
            displayName: string;
            description: string | null;
            support: string | null;
            isLocal: boolean;
            /** Format: date-time */
            updatedAt: string;
            ownerAccount?: components["schemas"]["Account"];
        };
        ActorSummary: {
            id: number;
            name: string;
            displayName: string;
            url: string;
            host: string;
            avatars: components["schemas"]["ActorImage"][];
        };
        User: {
            id: number;
            username: string;
            email: string;
            theme: string;
            pendingEmail: string | null;
            emailPublic: boolean;
            emailVerified: boolean | null;
            /** @enum {string} */
            nsfwPolicy: "do_not_list" | "warn" | "blur" | "display";
            p2pEnabled: boolean;
            videosHistoryEnabled: boolean;
            autoPlayVideo: boolean;
            autoPlayNextVideo: boolean;
            autoPlayNextVideoPlaylist: boolean;
            videoLanguages: string[] | null;
            role: {
                /** @enum {integer} */
                id: 0 | 1 | 2;
                label: string;
            };
            /** @description bytes; -1 unlimited */
            videoQuota: number;
            videoQuotaDaily: number;
            totalVideoFileSize?: number;
            videoQuotaUsed?: number;
            videoQuotaUsedDaily?: number;
            videosCount?: number;
            noInstanceConfigWarningModal: boolean;
            noWelcomeModal: boolean;
            noAccountSetupWarningModal: boolean;
            blocked: boolean;
            blockedReason: string | null;
            account: components["schemas"]["Account"];
            videoChannels: components["schemas"]["Channel"][];
            /** Format: date-time */
            createdAt: string;
            pluginAuth: string | null;
            /** Format: date-time */
            lastLoginDate: string | null;
            twoFactorEnabled: boolean;
            adminFlags: number;
        };
        VideoFile: {
            id: number;
            resolution: {
                id: number;
                label: string;
            };
            width: number;
            height: number;
            magnetUri: string | null;
            size: number;
            fps: number;
            torrentUrl: string | null;
            torrentDownloadUrl: string | null;
            fileUrl: string;
            fileDownloadUrl: string;
            metadataUrl: string | null;
            hasAudio: boolean;
            hasVideo: boolean;
            storage: number;
        };
        StreamingPlaylist: {
            id: number;
            type: number;
            playlistUrl: string;
            segmentsSha256Url: string | null;
            redundancies: {
                baseUrl: string;
            }[];
            files: components["schemas"]["VideoFile"][];
        };
        /** @description How far the work is (ours). */
        VideoProcessing: {
            percent: number;
            message?: string;
            secondsRemaining?: number;
            renditions: {
                resolution: number;
                /** @enum {string} */
                state: "waiting" | "running" | "ready";
                percent: number;
            }[];
        };
        Video: {
            id: number;
            uuid: string;
            shortUUID: string;
            url: string;
            name: string;
            category: components["schemas"]["Choice"];
            licence: components["schemas"]["Choice"];
            language: components["schemas"]["LanguageChoice"];
            privacy: components["schemas"]["Constant"];
            nsfw: boolean;
            truncatedDescription: string | null;
            description: string | null;
            isLocal: boolean;
            /** @description seconds */
            duration: number;
            aspectRatio: number | null;
            views: number;
            viewers: number;
            likes: number;
            dislikes: number;
            thumbnailPath: string | null;
            previewPath: string | null;
            embedPath: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** Format: date-time */
            publishedAt: string;
            /** Format: date-time */
            originallyPublishedAt: string | null;
            isLive: boolean;
            account: components["schemas"]["ActorSummary"];
            channel: components["schemas"]["ActorSummary"];
            waitTranscoding?: boolean;
            state?: components["schemas"]["Constant"];
            scheduledUpdate?: {
                /** Format: date-time */
                updateAt: string;
                privacy?: number;
            };
            blacklisted?: boolean;
            blacklistedReason?: string | null;
            files?: components["schemas"]["VideoFile"][];
            streamingPlaylists?: components["schemas"]["StreamingPlaylist"][];
        };
        VideoDetails: {
            id: number;
            uuid: string;
            shortUUID: string;
            url: string;
            name: string;
            category: components["schemas"]["Choice"];
            licence: components["schemas"]["Choice"];
            language: components["schemas"]["LanguageChoice"];
            privacy: components["schemas"]["Constant"];
            nsfw: boolean;
            truncatedDescription: string | null;
            description: string | null;
            isLocal: boolean;
            /** @description seconds */
            duration: number;
            aspectRatio: number | null;
            views: number;
            viewers: number;
            likes: number;
            dislikes: number;
            thumbnailPath: string | null;
            previewPath: string | null;
            embedPath: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** Format: date-time */
            publishedAt: string;
            /** Format: date-time */
            originallyPublishedAt: string | null;
            isLive: boolean;
            account: components["schemas"]["Account"];
            channel: components["schemas"]["Channel"];
            state: components["schemas"]["Constant"];
            scheduledUpdate?: {
                /** Format: date-time */
                updateAt: string;
                privacy?: number;
            };
            blacklisted?: boolean;
            blacklistedReason?: string | null;
            files: components["schemas"]["VideoFile"][];
            streamingPlaylists: components["schemas"]["StreamingPlaylist"][];
            support: string | null;
            descriptionPath: string;
            tags: string[];
            commentsEnabled: boolean;
            commentsPolicy: components["schemas"]["Constant"];
            downloadEnabled: boolean;
            waitTranscoding: boolean;
            /** Format: date-time */
            inputFileUpdatedAt: string | null;
            trackerUrls: string[];
            processing: components["schemas"]["VideoProcessing"] | null;
            failure?: string;
        };
        CreatedVideo: {
            video: {
                id: number;
                shortUUID: string;
                uuid: string;
            };
        };
        Caption: {
            language: {
                id: string;
                label: string;
            };
            automaticallyGenerated: boolean;
            captionPath: string;
            /** Format: date-time */
            updatedAt: string;
        };
        Chapter: {
            /** @description seconds */
            timecode: number;
            title: string;
        };
        Storyboard: {
            storyboardPath: string;
            totalHeight: number;
            totalWidth: number;
            spriteWidth: number;
            spriteHeight: number;
            spriteDuration: number;
        };
        VideoPassword: {
            id: number;
            password: string;
            videoId: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        Job: {
            id: string;
            /** @enum {string} */
            state: "waiting" | "active" | "completed" | "failed" | "delayed" | "waiting-children";
            type: string;
            data: Record<string, never>;
            priority: number;
            attempt: number;
            progress: number;
            error: string | null;
            worker: string | null;
            /** @description why it goes on waiting, where no living node or worker does its kind */
            waitsFor: string | null;
            videoId: number | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedOn: string | null;
            /** Format: date-time */
            processedOn: string | null;
        };
        Tokens: {
            /** @enum {string} */
            token_type: "Bearer";
            access_token: string;
            refresh_token: string;
            expires_in: number;
            refresh_token_expires_in: number;
        };
        Config: {
            client: {
                videos: {
                    miniature: {
                        displayAuthorAvatar: boolean;
                        preferAuthorDisplayName: boolean;
                    };
                    resumableUpload: {
                        maxChunkSize: number;
                    };
                };
                menu: {
                    login: {
                        redirectOnSingleExternalAuth: boolean;
                    };
                };
            };
            defaults: {
                publish: {
                    downloadEnabled: boolean;
                    commentsPolicy: number;
                    commentsEnabled: boolean;
                    privacy: number;
                    licence: number | null;
                };
                p2p: {
                    webapp: {
                        enabled: boolean;
                    };
                    embed: {
                        enabled: boolean;
                    };
                };
            };
            webadmin: {
                configuration: {
                    edition: {
                        allowed: boolean;
                    };
                };
            };
            instance: {
                name: string;
                shortDescription: string;
                isNSFW: boolean;
                defaultNSFWPolicy: string;
                defaultClientRoute: string;
                customizations: {
                    javascript: string;
                    css: string;
                };
                avatars: components["schemas"]["ActorImage"][];
                banners: components["schemas"]["ActorImage"][];
            };
            search: {
                remoteUri: {
                    users: boolean;
                    anonymous: boolean;
                };
                searchIndex: {
                    enabled: boolean;
                    url: string;
                    disableLocalSearch: boolean;
                    isDefaultSearch: boolean;
                };
            };
            plugin: {
                registered: unknown[];
                registeredExternalAuths: unknown[];
                registeredIdAndPassAuths: unknown[];
            };
            theme: {
                registered: unknown[];
                default: string;
            };
            email: {
                enabled: boolean;
            };
            contactForm: {
                enabled: boolean;
            };
            /** @description the PeerTube version whose API this is */
            serverVersion: string;
            serverCommit: string;
            shoal: {
                version: string;
            };
            transcoding: {
                remoteRunners: {
                    enabled: boolean;
                };
                hls: {
                    enabled: boolean;
                };
                web_videos: {
                    enabled: boolean;
                };
                enabledResolutions: number[];
                profile: string;
                availableProfiles: string[];
            };
            live: {
                [key: string]: unknown;
            };
            videoStudio: {
                enabled: boolean;
                remoteRunners: {
                    enabled: boolean;
                };
            };
            videoFile: {
                update: {
                    enabled: boolean;
                };
            };
            videoTranscription: {
                enabled: boolean;
                remoteRunners: {
                    enabled: boolean;
                };
            };
            import: {
                [key: string]: unknown;
            };
            export: {
                [key: string]: unknown;
            };
            autoBlacklist: {
                [key: string]: unknown;
            };
            avatar: {
                file: {
                    extensions: string[];
                    size?: {
                        max: number;
                    };
                };
            };
            banner: {
                file: {
                    extensions: string[];
                    size?: {
                        max: number;
                    };
                };
            };
            video: {
                image: {
                    extensions: string[];
                    size?: {
                        max: number;
                    };
                };
                file: {
                    extensions: string[];
                    size?: {
                        max: number;
                    };
                };
            };
            videoCaption: {
                file: {
                    extensions: string[];
                    size?: {
                        max: number;
                    };
                };
            };
            user: {
                videoQuota: number;
                videoQuotaDaily: number;
            };
            videoChannels: {
                maxPerUser: number;
            };
            trending: {
                [key: string]: unknown;
            };
            tracker: {
                enabled: boolean;
            };
            followings: {
                [key: string]: unknown;
            };
            broadcastMessage: {
                enabled: boolean;
                message: string;
                level: string;
                dismissable: boolean;
            };
            homepage: {
                enabled: boolean;
            };
            openTelemetry: {
                metrics: {
                    enabled: boolean;
                    playbackStatsInterval: number;
                };
            };
            views: {
                videos: {
                    watchingInterval: {
                        anonymous: number;
                        users: number;
                    };
                };
            };
            storyboards: {
                enabled: boolean;
            };
            signup: {
                allowed: boolean;
                allowedForCurrentIP: boolean;
                minimumAge: number;
                requiresApproval: boolean;
                requiresEmailVerification: boolean;
            };
        };
        About: {
            instance: {
                name: string;
                shortDescription: string;
                description: string;
                terms: string;
                codeOfConduct: string;
                creationReason: string;
                moderationInformation: string;
                administrator: string;
                maintenanceLifetime: string;
                businessModel: string;
                hardwareInformation: string;
                languages: string[];
                categories: number[];
                banners: components["schemas"]["ActorImage"][];
                avatars: components["schemas"]["ActorImage"][];
            };
        };
        CustomConfig: {
            instance: {
                name: string;
                shortDescription: string;
                description: string;
                terms: string;
                codeOfConduct: string;
                creationReason: string;
                moderationInformation: string;
                administrator: string;
                maintenanceLifetime: string;
                businessModel: string;
                hardwareInformation: string;
                languages: string[];
                categories: number[];
                isNSFW: boolean;
                defaultNSFWPolicy: string;
                defaultClientRoute: string;
            };
            signup: {
                enabled: boolean;
                limit: number;
                requiresApproval: boolean;
                requiresEmailVerification: boolean;
                minimumAge: number;
            };
            admin: {
                email: string;
            };
            user: {
                videoQuota: number;
                videoQuotaDaily: number;
                defaultChannelName: string;
            };
            videoChannels: {
                maxPerUser: number;
            };
            transcoding: {
                enabled: boolean;
                resolutions: {
                    "0p": boolean;
                    "144p": boolean;
                    "240p": boolean;
                    "360p": boolean;
                    "480p": boolean;
                    "720p": boolean;
                    "1080p": boolean;
                    "1440p": boolean;
                    "2160p": boolean;
                };
                alwaysTranscodeOriginalResolution: boolean;
                fps: {
                    max: number;
                };
            };
            broadcastMessage: {
                enabled: boolean;
                message: string;
                /** @enum {string} */
                level: "info" | "warning" | "error";
                dismissable: boolean;
            };
            storyboards: {
                enabled: boolean;
            };
        };
        Stats: {
            totalUsers: number;
            totalDailyActiveUsers: number;
            totalWeeklyActiveUsers: number;
            totalMonthlyActiveUsers: number;
            totalModerators: number;
            totalAdmins: number;
            totalLocalVideos: number;
            totalLocalVideoViews: number;
            totalLocalVideoComments: number;
            totalLocalVideoFilesSize: number;
            totalVideos: number;
            totalVideoComments: number;
            totalLocalVideoChannels: number;
            totalLocalDailyActiveVideoChannels: number;
            totalLocalWeeklyActiveVideoChannels: number;
            totalLocalMonthlyActiveVideoChannels: number;
            totalLocalPlaylists: number;
            totalInstanceFollowers: number;
            totalInstanceFollowing: number;
            videosRedundancy: unknown[];
        };
        NodeList: {
            total: number;
            data: components["schemas"]["Node"][];
        };
        Node: {
            /** @description of its data folder */
            id: string;
            name: string;
            /**
             * @description what is wanted of it
             * @enum {string}
             */
            state: "up" | "draining";
            /** @description its heartbeat is at most 6 s old */
            alive: boolean;
            /** @description it does what the cluster does once */
            duties: boolean;
            /** @description words with spaces between */
            roles: string;
            region: string;
            /** @description what it has that some kinds of jobs need */
            labels: string[];
            /** @description for calls between nodes; empty where there is none */
            address: string;
            version: string;
            /** @description of the database as its program knows it */
            schemaVersion: number;
            /** @description keys of its configuration that let no other node in; empty: none */
            unshared: string;
            capacity: {
                cores: number;
            };
            load: {
                runningJobs: number;
                requestsPerSecond: number;
                /** @description sent */
                bytesPerSecond: number;
            };
            /** Format: date-time */
            startedAt: string;
            /** Format: date-time */
            heartbeatAt: string;
        };
        AutoscalerStatus: {
            enabled: boolean;
            total: number;
            /** @description at most 200; what is decided again without any change stays one of them */
            data: components["schemas"]["AutoscalerDecision"][];
        };
        AutoscalerDecision: {
            /**
             * Format: date-time
             * @description when it was decided first
             */
            since: string;
            /**
             * Format: date-time
             * @description and last
             */
            decidedAt: string;
            /** @enum {string} */
            driver: "process" | "exec" | "kubernetes";
            /** @description nothing was done */
            dryRun: boolean;
            workers: {
                /** @description that take work, or are about to */
                active: number;
                /** @description of these */
                busy: number;
                wanted: number;
                started: number;
                drained: number;
            };
            queue: {
                jobs: number;
                mediaSeconds: number;
                /** @description what one worker takes for it, estimated */
                workerSeconds: number;
                oldestWaitSeconds: number;
            };
            /** @description seconds of media that a busy worker makes in one; 0: not known yet */
            mediaSpeed: number;
            costPerHour: number;
            reasons: string[];
            /** @description why it was not decided, or not done */
            error: string | null;
        };
        AdminOverview: {
            version: string;
            uptimeSeconds: number;
            cpu: {
                /** @description of the whole machine */
                percent: number;
            };
            memory: {
                residentBytes: number;
            };
            disk: {
                totalBytes: number;
                freeBytes: number;
                usedByShoalBytes: number;
            };
            http: {
                requestsPerSecond: number;
                bytesPerSecond: number;
                openConnections: number;
            };
            jobs: {
                waiting: number;
                running: number;
                failed: number;
                oldestWaitSeconds: number;
            };
            viewers: number;
            videos: number;
            users: number;
        };
        MoveCounts: {
            files: number;
            bytes: number;
        };
        /** @enum {string} */
        FileKind: "original" | "rendition" | "playlist" | "segments-sha256" | "thumbnail" | "preview" | "storyboard" | "caption" | "running";
        Store: {
            name: string;
            /**
             * @description null where it is not configured any more
             * @enum {string|null}
             */
            type: "local" | "s3" | null;
            /** @description a folder, or a bucket and its server */
            place: string | null;
            online: boolean;
            /** @description why it is away */
            reason: string | null;
            /**
             * Format: date-time
             * @description it has been online or away
             */
            since: string | null;
            /** @description redirect, presigned or proxy */
            servePublic: string | null;
            servePrivate: string | null;
            baseUrls: {
                url: string;
                weight: number;
                healthy: boolean;
            }[];
            /** @description kinds of files that are put here when they are made */
            homeOf: components["schemas"]["FileKind"][];
            /** @description verified copies */
            files: number;
            bytes: number;
            kinds: {
                kind: components["schemas"]["FileKind"];
                files: number;
                bytes: number;
            }[];
            objectsInTrash: number;
            /** @description as the last looks at them found, `shoal storage verify` */
            badCopies: number;
            /** @description why nothing is deleted there */
            deletionsHeld: string | null;
            /**
             * Format: date-time
             * @description every copy was verified since
             */
            oldestVerification: string | null;
            /** @description that are at home here and still lie on the local disk */
            waitingFiles: number;
            waitingBytes: number;
            /** @description millionths of a currency unit, as configured */
            pricesMicros: {
                storageGbMonth: number;
                egressGb: number;
                put1000: number;
                get1000: number;
            };
            /** @description of storage alone */
            monthlyCostMicros: number;
            /** @description since the server started; of a folder its operations */
            requests: number;
            errors: number;
            requestsPerSecond: number;
            errorsPerSecond: number;
        };
        StoreList: {
            total: number;
            data: components["schemas"]["Store"][];
            /**
             * Format: date-time
             * @description files and bytes are of then, longer ago on large instances
             */
            countedAt: string;
            /** @description bytes on the local disk on their way to somewhere else; no limit is 0 */
            staging: {
                bytes: number;
                limitBytes: number;
            };
        };
        Move: {
            id: number;
            from: string;
            to: string;
            /** @enum {string} */
            state: "running" | "paused" | "cancelled" | "done";
            filter: {
                videos: string[];
                videoIds: number[];
                channel: string | null;
                /** Format: date-time */
                publishedBefore: string | null;
                viewsBelow: number | null;
                kinds: components["schemas"]["FileKind"][];
            };
            /** @description bytes a second of each node; 0 for none */
            rateLimit: number;
            parallel: number;
            /** @description the files get a second copy */
            keepSource: boolean;
            /** @description all of its files are counted */
            planned: boolean;
            waiting: components["schemas"]["MoveCounts"];
            done: components["schemas"]["MoveCounts"];
            skipped: components["schemas"]["MoveCounts"];
            failed: components["schemas"]["MoveCounts"];
            /** @description bytes a second of the last ten minutes */
            rate: number;
            remainingSeconds: number | null;
            /** @description of the file that failed last */
            error: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            finishedAt: string | null;
        };
        MoveList: {
            total: number;
            data: components["schemas"]["Move"][];
        };
        NewMove: {
            from: string;
            to: string;
            /** @description only of these: numbers, UUIDs or short UUIDs */
            videos?: string[];
            channel?: string;
            /** Format: date-time */
            publishedBefore?: string;
            viewsBelow?: number;
            kinds?: components["schemas"]["FileKind"][];
            /** @description bytes a second of each node; 0 for none */
            rateLimit?: number;
            /** @description 1 to 64 */
            parallel?: number;
            /** @description the files get a second copy */
            keepSource?: boolean;
            /** @description only answer with the estimate */
            dryRun?: boolean;
        };
        MoveEstimate: {
            files: number;
            bytes: number;
            /** @description requests to the source */
            reads: number;
            /** @description reading requests to the target */
            looks: number;
            /** @description writing requests to the target */
            writes: number;
            /** @description of requests and of reading the source */
            costMicros: number;
            /** @description to keep these files where they are */
            monthlyBeforeMicros: number;
            /** @description to keep them where they go */
            monthlyAfterMicros: number;
            /** @description nothing where nobody knows how fast it goes */
            seconds: number | null;
        };
        /** @description the estimate of a dry run, else the move */
        AddedMove: {
            estimate?: components["schemas"]["MoveEstimate"];
            move?: components["schemas"]["Move"];
        };
        VideoCopies: {
            files: {
                name: string;
                kind: components["schemas"]["FileKind"];
                contentType: string;
                size: number;
                /** @description of the rendition that it is a part of; 0 is sound */
                resolution: number | null;
                copies: {
                    store: string;
                    key: string;
                    /** @enum {string} */
                    state: "copying" | "verified" | "deleting" | "bad";
                    /** Format: date-time */
                    verifiedAt: string | null;
                }[];
            }[];
            /** @description pieces of work that is not finished, or kept for who still watches it */
            running: {
                store: string;
                files: number;
                bytes: number;
            }[];
        };
        /** @description http://nodeinfo.diaspora.software/ns/schema/2.0 */
        NodeInfo: {
            [key: string]: unknown;
        };
        OEmbed: {
            type: string;
            version: string;
            html: string;
            width: number;
            height: number;
            title: string;
            author_name: string;
            author_url: string;
            provider_name: string;
            provider_url: string;
            thumbnail_url?: string;
            thumbnail_width?: number;
            thumbnail_height?: number;
        };
        Overview: {
            categories: {
                category: components["schemas"]["Choice"];
                videos: components["schemas"]["Video"][];
            }[];
            channels: {
                channel: components["schemas"]["ActorSummary"];
                videos: components["schemas"]["Video"][];
            }[];
            tags: {
                tag: string;
                videos: components["schemas"]["Video"][];
            }[];
        };
        UserList: {
            total: number;
            data: components["schemas"]["User"][];
        };
        AccountList: {
            total: number;
            data: components["schemas"]["Account"][];
        };
        ChannelList: {
            total: number;
            data: components["schemas"]["Channel"][];
        };
        VideoList: {
            total: number;
            data: components["schemas"]["Video"][];
        };
        RunnerCredentials: {
            runnerToken: string;
        };
        RunnerJobCredentials: {
            runnerToken: string;
            jobToken: string;
        };
        NewRunner: {
            registrationToken: string;
            name: string;
            description?: string;
        };
        RegisteredRunner: {
            id: number;
            runnerToken: string;
        };
        Runner: {
            id: number;
            name: string;
            description: string | null;
            ip: string;
            /** Format: date-time */
            lastContact: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description Ours; what it said that it has when it asked for segments last */
            labels: string[];
        };
        RunnerList: {
            total: number;
            data: components["schemas"]["Runner"][];
        };
        RegistrationToken: {
            id: number;
            registrationToken: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            registeredRunnersCount: number;
        };
        RegistrationTokenList: {
            total: number;
            data: components["schemas"]["RegistrationToken"][];
        };
        RunnerJobRequest: {
            runnerToken: string;
            jobTypes?: string[];
            /** @description Ours; answer once there is a job, after so long at the latest */
            waitSeconds?: number;
            /** @description Ours; what this machine has that some kinds of jobs need */
            labels?: string[];
        };
        RunnerJobUpdate: components["schemas"]["RunnerJobCredentials"] & {
            progress?: number;
        };
        RunnerJobAbort: components["schemas"]["RunnerJobCredentials"] & {
            reason?: string;
        };
        RunnerJobError: components["schemas"]["RunnerJobCredentials"] & {
            message: string;
        };
        /** @description The tokens first, then for each rendition that is encoded a file `payload[videoFiles][720]`, fragmented MP4 with the picture of the work segment alone. Of a vod-hls-transcoding job `payload[videoFile]` and `payload[resolutionPlaylistFile]`. */
        RunnerJobResult: {
            runnerToken: string;
            jobToken: string;
        };
        /** @description Of pieces that were put where `result-urls` said. */
        RunnerJobPutResult: {
            runnerToken: string;
            jobToken: string;
            payload: {
                putResolutions: number[];
            };
        };
        RunnerResultSizes: {
            runnerToken: string;
            jobToken: string;
            pieces: {
                resolution: number;
                /** @description bytes */
                size: number;
            }[];
        };
        RunnerResultUrls: {
            urls: {
                resolution: number;
                /** @description Takes one PUT of just the size that was told, begun within 10 minutes. */
                url: string;
            }[];
        };
        /** @description What a job needs. Of a segment job `plan` is there once it is accepted; a vod-hls-transcoding job has `separatedAudioFileUrl` and an output as PeerTube's. */
        RunnerJobPayload: {
            input?: {
                videoFileUrl: string;
                videoFileSize?: number;
                videoUUID?: string;
                separatedAudioFileUrl?: string[];
            };
            output?: {
                workSegment?: number;
                /** @description Once accepted: whether `result-urls` gives any. */
                takesPuts?: boolean;
                resolution?: number;
                fps?: number;
                separatedAudio?: boolean;
            };
            plan?: Record<string, never>;
        };
        AvailableRunnerJobs: {
            availableJobs: {
                uuid: string;
                type: string;
                payload: components["schemas"]["RunnerJobPayload"];
            }[];
        };
        RunnerJob: {
            uuid: string;
            type: string;
            state: {
                id: number;
                label: string;
            };
            progress: number | null;
            priority: number;
            failures: number;
            error: string | null;
            payload: components["schemas"]["RunnerJobPayload"];
            privatePayload?: {
                videoUUID?: string;
            };
            /** Format: date-time */
            startedAt?: string;
            /** Format: date-time */
            finishedAt?: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            runner: {
                id: number;
                name: string;
                description: string | null;
            } | null;
            jobToken?: string;
        };
        RunnerJobList: {
            total: number;
            data: components["schemas"]["RunnerJob"][];
        };
        AcceptedRunnerJob: {
            job: components["schemas"]["RunnerJob"];
        };
        JobList: {
            total: number;
            data: components["schemas"]["Job"][];
        };
        CaptionList: {
            total: number;
            data: components["schemas"]["Caption"][];
        };
        VideoPasswordList: {
            total: number;
            data: components["schemas"]["VideoPassword"][];
        };
        ChapterList: {
            chapters: components["schemas"]["Chapter"][];
        };
        StoryboardList: {
            storyboards: components["schemas"]["Storyboard"][];
        };
        QuotaUsed: {
            videoQuotaUsed: number;
            videoQuotaUsedDaily: number;
        };
        OAuthClient: {
            client_id: string;
            client_secret: string;
        };
        ViewReport: {
            /** @description seconds */
            currentTime: number;
            /** @enum {string} */
            viewEvent?: "seek";
            sessionId?: string;
        };
        PlaybackReport: {
            /** @enum {string} */
            playerMode: "p2p-media-loader" | "web-video" | "webtorrent" | "hls";
            resolution?: number;
            fps?: number;
            p2pEnabled: boolean;
            p2pPeers?: number;
            resolutionChanges: number;
            errors: number;
            bufferStalled?: number;
            downloadedBytesP2P: number;
            downloadedBytesHTTP: number;
            uploadedBytesP2P: number;
            videoId: string;
        };
        ActorImage: {
            width?: number;
            path: string;
            fileUrl?: string;
            /** Format: date-time */
            createdAt?: string;
            /** Format: date-time */
            updatedAt?: string;
        };
        /** @description label by number or code */
        Labels: {
            [key: string]: string;
        };
        MediaToken: {
            files: {
                token: string;
                /** Format: date-time */
                expires: string;
            };
        };
        VideoAttributes: {
            name?: string;
            channelId?: number;
            description?: string | null;
            support?: string | null;
            category?: number | null;
            licence?: number | null;
            language?: string | null;
            /** @description 1 public, 2 unlisted, 3 private, 4 internal, 5 password */
            privacy?: number;
            nsfw?: boolean;
            tags?: string[];
            commentsPolicy?: number;
            commentsEnabled?: boolean;
            downloadEnabled?: boolean;
            waitTranscoding?: boolean;
            /** Format: date-time */
            originallyPublishedAt?: string | null;
            scheduleUpdate?: {
                /** Format: date-time */
                updateAt?: string;
                privacy?: number;
            } | null;
            videoPasswords?: string[];
        };
        NewUser: {
            username: string;
            password: string;
            email: string;
            displayName?: string;
            role?: number;
            videoQuota?: number;
            videoQuotaDaily?: number;
            channelName?: string;
        };
        UserChanges: {
            password?: string;
            email?: string;
            role?: number;
            videoQuota?: number;
            videoQuotaDaily?: number;
        };
        Registration: {
            username: string;
            password: string;
            email: string;
            displayName?: string;
            channel?: {
                name?: string;
                displayName?: string;
            };
        };
        MyChanges: {
            displayName?: string;
            description?: string | null;
            email?: string;
            password?: string;
            /** @description needed to change password or email */
            currentPassword?: string;
            theme?: string;
            nsfwPolicy?: string;
            p2pEnabled?: boolean;
            videosHistoryEnabled?: boolean;
            autoPlayVideo?: boolean;
            autoPlayNextVideo?: boolean;
            autoPlayNextVideoPlaylist?: boolean;
            videoLanguages?: string[] | null;
            noInstanceConfigWarningModal?: boolean;
            noWelcomeModal?: boolean;
            noAccountSetupWarningModal?: boolean;
        };
        NewChannel: {
            name: string;
            displayName: string;
            description?: string | null;
            support?: string | null;
        };
        ChannelChanges: {
            displayName?: string;
            description?: string | null;
            support?: string | null;
        };
    };
    responses: {
        /** @description What is wrong */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What is wrong */
        UploadProblem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["UploadProblem"];
            };
        };
        /** @description The window of this client is used up */
        TooMany: {
            headers: {
                "Retry-After"?: number;
                "X-RateLimit-Limit"?: number;
                "X-RateLimit-Remaining"?: number;
                "X-RateLimit-Reset"?: number;
                [name: string]: unknown;
            };
            content: {
                "text/plain": string;
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        start: number;
        count: number;
        /** @description a field, or -field for descending */
        sort: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
